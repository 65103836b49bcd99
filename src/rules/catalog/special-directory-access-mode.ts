import { Json, listOf, mapOf } from '../../core/json';
import { MountFacts, PodFacts } from '../pod-facts';
import { ofMounts, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';
import { isSpecialDirectory } from '../special-directories';
import { Claim } from '../storage';

/** @internal */
export const specialDirectoryAccessMode: Rule = {
  id: 'special-directory-access-mode',
  severity: RuleSeverity.ERROR,
  reason:
    'the data directory of an engine has one writer, and ReadWriteMany volumes are mostly NFS, which does not support id-mapped mounts',
  remedy: 'Claim ReadWriteOnce, or ReadWriteOncePod',
  source: 'sysbox docs/user-guide/dind.md; KEP-127',
  about: ['volumeMounts'],
  check: (pod) =>
    ofMounts(pod, (m, c) =>
      when(
        isSpecialDirectory(m.path) && claimOf(pod, m)?.accessModes.includes('ReadWriteMany') === true,
        m.at,
        `container '${c.name}' mounts a ReadWriteMany claim at ${m.path}`,
      ),
    ),
};

function claimOf(pod: PodFacts, mount: MountFacts): Claim | undefined {
  const volume = pod.volumes.find((v) => v.name === mount.volume);
  if (!volume) return pod.context.claimFromTemplate(templateOf(pod, mount.volume));
  const { ephemeral, persistentVolumeClaim } = volume.json;
  if (ephemeral) return pod.context.claimFromTemplate(mapOf(ephemeral).volumeClaimTemplate);
  const { claimName } = mapOf(persistentVolumeClaim);
  return typeof claimName === 'string' ? pod.context.claim(claimName) : undefined;
}

function templateOf(pod: PodFacts, name: string): Json {
  const templates = listOf(mapOf(pod.context.ownerSpec()).volumeClaimTemplates);
  return templates.find((template) => mapOf(mapOf(template).metadata).name === name);
}
