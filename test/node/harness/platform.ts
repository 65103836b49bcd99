// The node that most tests begin with: K3s has started once and holds the images, Sysbox is not there.
import { binaries, ensureTools, type Binaries } from './prerequisites';
import { installerImage, pauseImage, ubuntuImage } from './images';
import { k3sDisk, quietServer } from './k3s';
import { Node, type NodeOptions } from './node';
import { rootDisk, type Disk } from './rootDisk';
import type { UmlKernelOptions } from './umlKernel';

export interface Platform extends Binaries {
  readonly disk: Disk;
}

export interface PlatformImages {
  /** Name under which the manifests ask for the installer image. */
  readonly installer: string;
  /** Name under which the manifests ask for the article's image. */
  readonly ubuntu: string;
}

export const defaultImages: PlatformImages = {
  installer: 'registry.nestybox.com/nestybox/sysbox-deploy-k8s:v0.7.1-0',
  ubuntu: 'docker.io/library/ubuntu:24.04',
};

/** Builds what is not cached. Fails with one clear sentence when a binary under test is missing. */
export async function platform(
  names: PlatformImages = defaultImages,
  more: readonly string[] = [],
  kernel: UmlKernelOptions = {},
): Promise<Platform> {
  const found = binaries();
  await ensureTools();
  const images = [...(await imagesOf(names, found.sysboxDir)), ...more];
  const disk = await k3sDisk({ binary: found.k3s, args: quietServer, images }, await rootDisk(kernel));
  return { ...found, disk };
}

/** The image files that a node of dist/ asks for. */
export async function imagesOf(names: PlatformImages, sysboxDir: string): Promise<string[]> {
  return [await pauseImage(), await ubuntuImage(names.ubuntu), await installerImage(names.installer, sysboxDir)];
}

export async function serverNode(from: Platform, options: NodeOptions = {}): Promise<Node> {
  return Node.create({ disk: from.disk, ...options });
}
