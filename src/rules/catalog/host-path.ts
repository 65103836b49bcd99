import { everyVolume } from '../cel';
import { has } from '../pod-facts';
import { ofVolumes, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const hostPath: Rule = {
  id: 'host-path',
  severity: RuleSeverity.ERROR,
  reason: 'it exposes the node to root in the container, and Pod Security Baseline rejects it',
  remedy: 'Use an emptyDir or a claim. Sysbox provides /lib/modules, cgroups and the data directories of engines',
  source: 'Pod Security Standards; nestybox/sysbox#516',
  cel: everyVolume('!has(v.hostPath)'),
  about: ['volumes'],
  check: (pod) =>
    ofVolumes(pod, (v) => when(has(v.json, 'hostPath'), [...v.at, 'hostPath'], `volume '${v.name}' is a hostPath`)),
};
