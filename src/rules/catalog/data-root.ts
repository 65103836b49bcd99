import { celList, celString, everyContainer } from '../cel';
import { ofContainers, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';
import { SPECIAL_DIRECTORIES } from '../special-directories';

const SPECIAL = Object.values(SPECIAL_DIRECTORIES);
const FLAG = '^--data-(root|dir)(=|$)';
const movesData = new RegExp(FLAG);

/** @internal */
export const dataRoot: Rule = {
  id: 'data-root',
  severity: RuleSeverity.WARNING,
  reason:
    "Sysbox does not read flags: the directory does not become a special directory, so layers lie on the container's own overlay and pulls fail",
  remedy:
    "Omit the flag and mount a volume at the default directory, or set it in the image's daemon.json or config.yaml",
  source: 'sysbox-runc libsysbox/syscont/spec.go, getSpecialDirs; nestybox/sysbox#406',
  cel: everyContainer(
    `!(c.?command.orValue([]) + c.?args.orValue([])).exists(w, w.matches(${celString(FLAG)}) && ` +
      `!(c.?command.orValue([]) + c.?args.orValue([])).exists(x, x in ${celList(SPECIAL)} || ` +
      `x in ${celList(SPECIAL.flatMap((path) => [`--data-root=${path}`, `--data-dir=${path}`]))}))`,
  ),
  about: ['command', 'args'],
  check: (pod) =>
    ofContainers(pod, (c) => {
      const flag = c.words.find((word) => movesData.test(word));
      const special = c.words.some((word) => SPECIAL.includes(word.replace(/^--data-(root|dir)=/, '')));
      return when(
        flag !== undefined && !special,
        c.at,
        `container '${c.name}' moves the data of an engine with '${flag}'`,
      );
    }),
};
