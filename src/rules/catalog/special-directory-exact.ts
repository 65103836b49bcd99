import { celList, everyContainer } from '../cel';
import { Rule, RuleSeverity } from '../rule';
import { SPECIAL_DIRECTORIES } from '../special-directories';

const SPECIAL = Object.values(SPECIAL_DIRECTORIES);

/** @internal */
export const specialDirectoryExact: Rule = {
  id: 'special-directory-exact',
  severity: RuleSeverity.WARNING,
  reason:
    'Sysbox mounts its own storage over the special directory below it, so the data of the engine is not in the volume',
  remedy: 'Mount a volume at exactly the special directory as well',
  source: 'sysbox-runc libsysbox/syscont/spec.go, getSpecialDirs',
  cel: everyContainer(
    `c.?volumeMounts.orValue([]).all(m, ${celList(SPECIAL)}.all(s, ` +
      "!s.startsWith(m.mountPath.endsWith('/') ? m.mountPath : m.mountPath + '/') || " +
      "c.volumeMounts.exists(n, n.mountPath == s || n.mountPath == s + '/')))",
  ),
  about: ['volumeMounts'],
  check: (pod) =>
    pod.containers.flatMap((c) =>
      c.mounts.flatMap((m) =>
        SPECIAL.filter((special) => m.path !== '' && special.startsWith(`${m.path === '/' ? '' : m.path}/`))
          .filter((special) => !c.mounts.some((other) => other.path === special))
          .slice(0, 1)
          .map((special) => ({
            at: m.at,
            what: `container '${c.name}' mounts a volume at ${m.path}, above the special directory ${special}`,
          })),
      ),
    ),
};
