import { assertPinnedImage } from '../core/image-reference';
import { K3sInit } from './k3s-init';

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

  /**
   * What the first process is: K3s, or systemd with K3s as a unit. Refused: systemd without an `image` that has it, at
   * /sbin/init, beside K3s and a shell; "rancher/k3s" has none.
   *
   * @default K3sInit.K3S
   */
  readonly init?: K3sInit;
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
  if (options.init === K3sInit.SYSTEMD && /^(docker\.io\/)?rancher\/k3s[:@]/.test(image)) {
    throw new Error(
      `${where}: init is systemd, and the image '${image}' has no systemd. Give an image with systemd at /sbin/init, k3s and sh`,
    );
  }
  return image;
}
