import { textOf } from '../../core/json';
import { celString, everyContainer } from '../cel';
import { ofContainers, when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

const WORD = '^--userns-remap(=|$)|^--rootless$|rootlesskit|dockerd-rootless';
const isRootless = new RegExp(WORD);
const IMAGE = '(^|/)docker:[^/]*dind-rootless|(^|/)moby/buildkit:[^/]*rootless';
const isRootlessImage = new RegExp(IMAGE);

/** @internal */
export const nestedUserNamespace: Rule = {
  id: 'nested-user-namespace',
  severity: RuleSeverity.ERROR,
  reason: 'Sysbox has no user namespace inside a user namespace',
  remedy: 'Run the engine as root inside: root there is nobody on the node',
  source: 'sysbox docs/user-guide/limitations.md',
  cel: everyContainer(
    `!(c.?command.orValue([]) + c.?args.orValue([])).exists(w, w.matches(${celString(WORD)})) && ` +
      `!c.?image.orValue('').matches(${celString(IMAGE)})`,
  ),
  check: (pod) =>
    ofContainers(pod, (c) => {
      const word = c.words.some((w) => isRootless.test(w));
      const image = isRootlessImage.test(textOf(c.json.image));
      return when(word || image, c.at, `container '${c.name}' runs a rootless or remapped engine`);
    }),
};
