import { assertPinnedImage } from '../workloads/image';

/** Which K3s runs. */
export interface K3sVersionOptions {
  /**
   * Version of K3s, "v1.36.2+k3s1" or "v1.36.2-k3s1": it is never chosen here, as an upgrade of a cluster is a decision.
   */
  readonly version: string;

  /**
   * Image with K3s, under the name kubectl too, and a POSIX shell, for a registry of one's own. Refused: one without a tag or digest.
   *
   * @default - "rancher/k3s" with the tag of `version`
   */
  readonly image?: string;
}

/**
 * The tag of K3s' images: a tag has no "+".
 *
 * @internal
 */
export function k3sTag(version: string, where: string): string {
  if (!/^v1\.\d+\.\d+(-rc\d+)?[+-]k3s\d+$/.test(version)) {
    throw new Error(`${where}: version '${version}' is no version of K3s. Write it as 'v1.36.2+k3s1'`);
  }
  return version.replace('+', '-');
}

/** @internal */
export function k3sImage(options: K3sVersionOptions, where: string): string {
  const tag = k3sTag(options.version, where);
  const image = options.image ?? `rancher/k3s:${tag}`;
  assertPinnedImage(image, where);
  return image;
}
