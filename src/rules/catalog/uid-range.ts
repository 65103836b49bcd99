import { everyContainer, orElse } from '../cel';
import { Json, listOf, Path } from '../../core/json';
import { Problem, Rule } from '../rule';
import { RuleSeverity } from '../severity';

const LAST = 65535;
const POD_IDS = ['runAsUser', 'runAsGroup', 'fsGroup'];
const CONTAINER_IDS = ['runAsUser', 'runAsGroup'];

/** @internal */
export const uidRange: Rule = {
  id: 'uid-range',
  severity: RuleSeverity.ERROR,
  final: true,
  reason: 'the user namespace of a pod has the ids 0 to 65535 and no other',
  remedy: `Use an id from 0 to ${LAST}`,
  source: 'KEP-127; sysbox-runc wants one contiguous range of 65536 ids',
  cel: [
    ...POD_IDS.map((id) => inRange(orElse(`variables.spec.securityContext.${id}`, '0'))),
    `variables.spec.?securityContext.?supplementalGroups.orValue([]).all(g, ${inRange('g')})`,
    everyContainer(CONTAINER_IDS.map((id) => inRange(orElse(`c.securityContext.${id}`, '0'))).join(' && ')),
  ].join(' && '),
  about: ['securityContext'],
  check: (pod) => {
    const groups = listOf(pod.securityContext.supplementalGroups);
    return [
      ...POD_IDS.flatMap((id) => outside(pod.securityContext[id], ['securityContext', id], id)),
      ...groups.flatMap((g, i) => outside(g, ['securityContext', 'supplementalGroups', i], 'supplementalGroups')),
      ...pod.containers.flatMap((c) =>
        CONTAINER_IDS.flatMap((id) =>
          outside(c.securityContext[id], [...c.at, 'securityContext', id], `${id} of container '${c.name}'`),
        ),
      ),
    ];
  },
};

function outside(id: Json, at: Path, name: string): Problem[] {
  return typeof id === 'number' && (id < 0 || id > LAST) ? [{ at, what: `${name} is ${id}` }] : [];
}

function inRange(id: string): string {
  return `${id} >= 0 && ${id} <= ${LAST}`;
}
