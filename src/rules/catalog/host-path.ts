import { everyVolume } from '../cel';
import { has } from '../pod-facts';
import { ofVolumes, when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

/** @internal */
export const hostPath: Rule = {
  id: 'host-path',
  severity: RuleSeverity.ERROR,
  reason: 'it opens the node to a container that is root inside, and Pod Security Baseline refuses it',
  remedy: 'Use an emptyDir or a claim. Sysbox itself provides /lib/modules, cgroups and the data of inner engines',
  source: 'Pod Security Standards; nestybox/sysbox#516',
  cel: everyVolume('!has(v.hostPath)'),
  about: ['volumes'],
  check: (pod) =>
    ofVolumes(pod, (v) =>
      when(has(v.json, 'hostPath'), [...v.at, 'hostPath'], `volume '${v.name}' is a path of the host`),
    ),
};
