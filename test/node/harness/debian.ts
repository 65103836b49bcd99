// Debian root file systems made by debootstrap: the node's own root and the content of the images.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './host';

export const mirror = process.env.CDK8S_SYSBOX_DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';
export const suite = 'trixie';

/** Unpacks and configures Debian with these packages into `root`. */
export async function debootstrap(root: string, packages: readonly string[]): Promise<void> {
  const include = packages.length > 0 ? [`--include=${packages.join(',')}`] : [];
  await must(['debootstrap', '--variant=minbase', ...include, suite, root, mirror]);
  await must(['chroot', root, 'apt-get', 'clean']);
  // Documentation and package lists are two thirds of minbase, and importing an image under emulation is slow.
  for (const directory of [
    'var/lib/apt/lists',
    'var/cache/apt',
    'usr/share/doc',
    'usr/share/man',
    'usr/share/locale',
  ]) {
    emptyDirectory(join(root, directory));
  }
}

function emptyDirectory(directory: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
}
