import { everyVolume } from '../cel';
import { has } from '../pod-facts';
import { ofVolumes, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const nfs: Rule = {
  id: 'nfs',
  severity: RuleSeverity.ERROR,
  reason: 'NFS does not support id-mapped mounts: the pod does not start, or its files belong to nobody',
  remedy: 'Use a volume on a local or block-backed filesystem (ext4, xfs, btrfs)',
  source: 'KEP-127; nestybox/sysbox#831, #811',
  cel: everyVolume('!has(v.nfs)'),
  about: ['volumes'],
  check: (pod) => ofVolumes(pod, (v) => when(has(v.json, 'nfs'), [...v.at, 'nfs'], `volume '${v.name}' is on NFS`)),
};
