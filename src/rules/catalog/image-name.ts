import { IMAGE_REFERENCE } from '../../core/image-reference';
import { celString, everyContainer } from '../cel';
import { ofContainers } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** What another tool fills in: Argo's and Helm's `{{…}}`, Tekton's and Kubernetes' `$(…)`. */
const PLACEHOLDER = '[{}$<>]';
const isReference = new RegExp(`${PLACEHOLDER}|${IMAGE_REFERENCE}`);

/** @internal */
export const imageName: Rule = {
  id: 'image-name',
  severity: RuleSeverity.ERROR,
  reason: 'this is not a valid image reference, and the kubelet stops with InvalidImageName',
  remedy: "Write it like 'registry/name:<tag>', the name in lower case",
  source: 'distribution/reference, regexp.go; Kubernetes: pkg/kubelet/images/image_manager.go',
  cel: everyContainer(
    `c.?image.orValue('') == '' || c.image.matches(${celString(PLACEHOLDER)}) || c.image.matches(${celString(IMAGE_REFERENCE)})`,
  ),
  check: (pod) =>
    ofContainers(pod, (c) => {
      const image = typeof c.json.image === 'string' ? c.json.image : '';
      if (image === '' || isReference.test(image)) return undefined;
      return { at: [...c.at, 'image'], what: `container '${c.name}' has the image '${image}'` };
    }),
};
