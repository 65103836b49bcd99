import * as kplus from 'cdk8s-plus-30';
import { ClaimOptions } from './claim-options';
import { assertLabel, assertSubdomain } from '../core/names';

/**
 * Metadata and spec of the claim.
 *
 * @internal
 */
export function toClaim(options: ClaimOptions): kplus.k8s.PersistentVolumeClaimTemplate {
  const { labels, annotations } = options;
  if (typeof options.storage?.toMebibytes !== 'function') {
    throw new Error(`storage of a claim is '${options.storage}', which is not a Size. Write Size.gibibytes(20)`);
  }
  const mebibytes = options.storage.toMebibytes();
  if (mebibytes < 1) throw new Error(`a claim for ${mebibytes} MiB of storage holds nothing. Ask for 1 MiB or more`);
  for (const [key, value] of Object.entries(labels ?? {})) assertLabel(key, value, 'labels of a claim');
  for (const key of Object.keys(annotations ?? {})) assertLabel(key, '', 'annotations of a claim');
  if (options.storageClassName !== undefined) assertSubdomain(options.storageClassName, 'storageClassName of a claim');
  if (options.accessModes?.length === 0) throw new Error('accessModes of a claim is empty. Give one, or leave it out');
  return {
    metadata: labels || annotations ? { labels, annotations } : undefined,
    spec: {
      accessModes: options.accessModes ?? [kplus.PersistentVolumeAccessMode.READ_WRITE_ONCE],
      resources: { requests: { storage: kplus.k8s.Quantity.fromString(`${mebibytes}Mi`) } },
      storageClassName: options.storageClassName,
    },
  };
}
