import { Json, listOf, mapOf, textOf } from '../../core/json';
import { PodFacts, VolumeFacts } from '../pod-facts';
import { Problem, Rule } from '../rule';
import { Claim } from '../storage';
import { idMappedMounts } from './id-mapped-mounts';

/** @internal */
export const idMappedClaims: Rule = {
  ...idMappedMounts,
  id: 'id-mapped-claims',
  source: 'KEP-127; ceph/ceph-csi#5440; longhorn/longhorn#12380',
  cel: undefined,
  about: ['volumes', 'containers'],
  check: (pod) => [...pod.volumes.flatMap((volume) => ofVolume(pod, volume)), ...ofTemplates(pod)],
};

function ofVolume(pod: PodFacts, { at, name, json }: VolumeFacts): Problem[] {
  const { claimName } = mapOf(json.persistentVolumeClaim);
  if (claimName !== undefined) {
    return ofClaim(pod.context.claim(textOf(claimName)), at, `volume '${name}' (claim '${textOf(claimName)}')`);
  }
  const { volumeClaimTemplate } = mapOf(json.ephemeral);
  return volumeClaimTemplate ? ofClaim(pod.context.claimFromTemplate(volumeClaimTemplate), at, `volume '${name}'`) : [];
}

/** Claims that a StatefulSet creates are volumes of its pods, too. */
function ofTemplates(pod: PodFacts): Problem[] {
  return listOf(mapOf(pod.context.ownerSpec()).volumeClaimTemplates).flatMap((template: Json) => {
    const { name } = mapOf(mapOf(template).metadata);
    const mount = pod.containers.flatMap((c) => c.mounts).find((m) => m.volume === textOf(name));
    return mount ? ofClaim(pod.context.claimFromTemplate(template), mount.at, `volume '${textOf(name)}'`) : [];
  });
}

function ofClaim(claim: Claim | undefined, at: Problem['at'], what: string): Problem[] {
  return claim?.unmappable ? [{ at, what: `${what} is on ${claim.unmappable}` }] : [];
}
