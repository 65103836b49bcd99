import { everyContainer, orElse } from '../cel';
import { Json, listOf, Path } from '../../core/json';
import { Problem, Rule, RuleSeverity } from '../rule';

const POD_IDS = ['runAsUser', 'runAsGroup', 'fsGroup'];
const CONTAINER_IDS = ['runAsUser', 'runAsGroup'];

/** @internal */
export const uidRange: Rule = {
  id: 'uid-range',
  severity: RuleSeverity.ERROR,
  reason:
    'the user namespace of a pod has no such id: it has 65536, or as many as idsPerPod in the configuration of the kubelet',
  remedy: "Use an id from 0 to 65535, or give the kubelet's idsPerPod to the runtime, or where the rules are applied",
  source: 'KEP-127; kubernetes pkg/kubelet/userns; sysbox-runc requires a contiguous range of at least 65536 ids',
  cel: [
    ...POD_IDS.map((id) => inRange(orElse(`variables.spec.securityContext.${id}`, '0'))),
    `variables.spec.?securityContext.?supplementalGroups.orValue([]).all(g, ${inRange('g')})`,
    everyContainer(CONTAINER_IDS.map((id) => inRange(orElse(`c.securityContext.${id}`, '0'))).join(' && ')),
  ].join(' && '),
  about: ['securityContext'],
  check: (pod) => {
    const outside = idsOutside(pod.idsPerPod);
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

function idsOutside(idsPerPod: number) {
  return (id: Json, at: Path, name: string): Problem[] =>
    typeof id === 'number' && (id < 0 || id >= idsPerPod) ? [{ at, what: `${name} is ${id}` }] : [];
}

function inRange(id: string): string {
  return `${id} >= 0 && ${id} < variables.idsPerPod`;
}
