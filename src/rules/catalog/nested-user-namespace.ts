import { textOf } from '../../core/json';
import { celString, everyContainer } from '../cel';
import { ofContainers, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

const WORD = '^--userns-remap(=|$)|^--rootless$|rootlesskit|dockerd-rootless';
const isRootless = new RegExp(WORD);
const IMAGE = '(^|/)docker:[^/]*dind-rootless|(^|/)moby/buildkit:[^/]*rootless';
const isRootlessImage = new RegExp(IMAGE);

/** @internal */
export const nestedUserNamespace: Rule = {
  id: 'nested-user-namespace',
  severity: RuleSeverity.ERROR,
  reason: 'Sysbox does not support user namespaces inside a system container',
  remedy: 'Run the engine as root: root in the container is an unprivileged user on the node',
  source: 'sysbox docs/user-guide/limitations.md',
  cel: everyContainer(
    `!(c.?command.orValue([]) + c.?args.orValue([])).exists(w, w.matches(${celString(WORD)})) && ` +
      `!c.?image.orValue('').matches(${celString(IMAGE)})`,
  ),
  check: (pod) =>
    ofContainers(pod, (c) => {
      const word = c.words.some((w) => isRootless.test(w));
      const image = isRootlessImage.test(textOf(c.json.image));
      return when(word || image, c.at, `container '${c.name}' runs a rootless engine or remaps user ids`);
    }),
};
