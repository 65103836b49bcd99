import { celString, everyVolume } from '../cel';
import { filesystemOf, UNMAPPABLE_DRIVERS, UNMAPPABLE_SOURCES } from '../filesystems';
import { ofVolumes, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const idMappedMounts: Rule = {
  id: 'id-mapped-mounts',
  severity: RuleSeverity.ERROR,
  reason: 'the filesystem does not support id-mapped mounts: the pod does not start, or its files belong to nobody',
  remedy: 'Use a volume on a local or block-backed filesystem (ext4, xfs, btrfs)',
  source: 'KEP-127; nestybox/sysbox#831, #811',
  cel: everyVolume(
    `${UNMAPPABLE_SOURCES.map((source) => `!has(v.${source})`).join(' && ')} && ` +
      `!v.?csi.?driver.orValue('').matches(${celString(UNMAPPABLE_DRIVERS)}) && ` +
      `!v.?flexVolume.?driver.orValue('').matches(${celString(UNMAPPABLE_DRIVERS)})`,
  ),
  about: ['volumes'],
  check: (pod) =>
    ofVolumes(pod, ({ at, name, json }) => {
      const filesystem = filesystemOf(json);
      return when(filesystem !== undefined, at, `volume '${name}' is on ${filesystem}`);
    }),
};
