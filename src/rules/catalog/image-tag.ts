import { LATEST_IMAGE, PINNED_IMAGE } from '../../core/image-reference';
import { celString, everyContainer } from '../cel';
import { ofContainers } from '../problems';
import { Rule, RuleSeverity } from '../rule';

const isPinned = new RegExp(PINNED_IMAGE);
const isLatest = new RegExp(LATEST_IMAGE);

/** @internal */
export const imageTag: Rule = {
  id: 'image-tag',
  severity: RuleSeverity.WARNING,
  reason:
    'the image changes without a change of the manifest, possibly to an engine that this version of Sysbox cannot run',
  remedy: 'Give the image a tag or a digest',
  source: 'nestybox/sysbox#972 (Docker 28.5.2 needs Sysbox 0.7.0)',
  cel: everyContainer(
    `c.?image.orValue('') == '' || c.image.matches(${celString(PINNED_IMAGE)}) && !c.image.matches(${celString(LATEST_IMAGE)})`,
  ),
  check: (pod) =>
    ofContainers(pod, (c) => {
      const image = typeof c.json.image === 'string' ? c.json.image : '';
      if (image === '' || (isPinned.test(image) && !isLatest.test(image))) return undefined;
      return { at: [...c.at, 'image'], what: `container '${c.name}' has the image '${image}'` };
    }),
};
