import { celList, celString } from '../cel';
import { Problem, Rule, RuleSeverity } from '../rule';
import { isSpecialDirectory, SPECIAL_DIRECTORIES } from '../special-directories';

const SPECIAL = Object.values(SPECIAL_DIRECTORIES);
const celSpecial = celList(SPECIAL.flatMap((path) => [path, `${path}/`]));
const celPart = (m: string) => `${m}.name + ' ' + ${m}.?subPath.orValue(${m}.?subPathExpr.orValue(${celString('')}))`;

/** @internal */
export const specialDirectoryShared: Rule = {
  id: 'special-directory-shared',
  severity: RuleSeverity.ERROR,
  reason: 'two engines that write to one data directory corrupt it',
  remedy: 'Give each engine its own volume, or its own subPath of a volume',
  source: 'sysbox docs/user-guide/dind.md; sysbox-mgr prepMounts',
  cel:
    `variables.concurrent.all(c, c.?volumeMounts.orValue([]).filter(m, m.mountPath in ${celSpecial}).all(m, ` +
    'variables.concurrent.map(d, d.?volumeMounts.orValue([]).filter(n, ' +
    `n.mountPath in ${celSpecial} && ${celPart('n')} == ${celPart('m')}).size()).sum() == 1))`,
  about: ['volumeMounts'],
  check: (pod) => {
    const owners = new Map<string, string>();
    const concurrent = pod.containers.filter((c) => c.concurrent);
    return concurrent.flatMap((c) =>
      c.mounts.flatMap((m): Problem[] => {
        if (!isSpecialDirectory(m.path)) return [];
        const part = `${m.volume} ${m.part}`;
        const owner = owners.get(part);
        owners.set(part, `${m.path} of container '${c.name}'`);
        if (owner === undefined) return [];
        return [{ at: m.at, what: `volume '${m.volume}' is both ${owner} and ${owners.get(part)}` }];
      }),
    );
  },
};
