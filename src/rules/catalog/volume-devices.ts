import { everyContainer } from '../cel';
import { listOf } from '../../core/json';
import { ofContainers, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const volumeDevices: Rule = {
  id: 'volume-devices',
  severity: RuleSeverity.ERROR,
  notAcknowledgeable: true,
  reason: "the API server rejects block devices together with 'hostUsers: false'",
  remedy: 'Claim a volume with volumeMode Filesystem, and mount it',
  source: 'kubernetes/kubernetes#132868',
  cel: everyContainer('c.?volumeDevices.orValue([]).size() == 0'),
  about: ['volumeDevices'],
  check: (pod) =>
    ofContainers(pod, (c) =>
      when(
        listOf(c.json.volumeDevices).length > 0,
        [...c.at, 'volumeDevices'],
        `container '${c.name}' has volumeDevices`,
      ),
    ),
};
