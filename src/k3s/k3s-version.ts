import { IConstruct } from 'constructs';
import { assertPinnedImage } from '../core/image-reference';
import { DEFAULT_IMAGES, mirrored } from '../core/image-registry';
import { K3sInit } from './k3s-init';

/** Which K3s runs. */
export interface K3sVersionOptions {
  /**
   * Version of K3s, "v1.36.2+k3s1" or "v1.36.2-k3s1". There is no default, since an upgrade of a cluster is a decision.
   */
  readonly version: string;

  /**
   * Repository of K3s' image; its tag is made from `version`. K3s publishes to "ghcr.io/k3s-io/k3s" as well, and plans to make
   * that the default (k3s#14561). Refused together with `image`.
   *
   * @default "docker.io/rancher/k3s"
   */
  readonly imageRepository?: string;

  /**
   * A custom image: K3s, kubectl (or K3s under that name) and a POSIX shell. Refused: one without a tag or digest.
   *
   * @default - `imageRepository` with the tag of `version`
   */
  readonly image?: string;

  /**
   * The first process: K3s, or systemd with K3s as a unit. Refused: systemd without an `image` that has it at /sbin/init,
   * besides K3s and a shell; K3s' own image has none.
   *
   * @default K3sInit.K3S
   */
  readonly init?: K3sInit;
}

/** The repositories that K3s publishes to. */
const OWN_IMAGE = /^(docker\.io\/)?rancher\/k3s[:@]|^ghcr\.io\/k3s-io\/k3s[:@]/;

/**
 * The tag of K3s' images: a tag has no "+".
 *
 * @internal
 */
export function k3sTag(version: string, where: string): string {
  if (!/^v1\.\d+\.\d+(-rc\d+)?[+-]k3s\d+$/.test(version)) {
    throw new Error(`${where}: version '${version}' is not a version of K3s. Write it as 'v1.36.2+k3s1'`);
  }
  return version.replace('+', '-');
}

/**
 * The minor version, 36 for "v1.36.2+k3s1".
 *
 * @internal
 */
export function k3sMinor(version: string): number {
  return Number(version.split('.')[1]);
}

/** @internal */
export function k3sImage(scope: IConstruct, options: K3sVersionOptions): string {
  const where = scope.node.path;
  const tag = k3sTag(options.version, where);
  const { imageRepository, init } = options;
  if (imageRepository !== undefined) assertRepository(imageRepository, options.image, where);
  const image = options.image ?? `${imageRepository ?? mirrored(scope, DEFAULT_IMAGES.k3s)}:${tag}`;
  assertPinnedImage(image, where);
  if (init === K3sInit.SYSTEMD && (options.image === undefined || OWN_IMAGE.test(image))) {
    throw new Error(
      `${where}: init is systemd, and the image '${image}' has no systemd. Give an image with systemd at /sbin/init, k3s and sh`,
    );
  }
  return image;
}

function assertRepository(repository: string, image: string | undefined, where: string): void {
  if (image !== undefined) {
    throw new Error(`${where}: image and imageRepository exclude each other. Give one`);
  }
  if (!/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:\d+)?(\/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)+$/.test(repository)) {
    throw new Error(
      `${where}: imageRepository '${repository}' is not a repository. Write it as 'ghcr.io/k3s-io/k3s', without a tag`,
    );
  }
}
