// The images of system pods, made of Debian's packages and the K3s binary, since the node reaches no registry.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sha256File } from './cache';
import { debianLayer } from './images';
import { must } from './host';
import { image, layer } from './ociImage';

/** Debian with systemd at /sbin/init, OpenSSH's server, Docker, busybox and dnsmasq; the inner image lies in it. */
export const systemImageName = 'registry.example.com/system:1';

/** A few hundred programs in one: small enough to be loaded into an engine under emulation. */
export const innerImageName = 'example.com/inner:1';

/** Where the system image has the inner one, as `docker save` writes it. */
export const innerArchive = '/inner.tar';

/** As K3sCluster asks for it by itself. */
export const k3sImageName = (version: string) => `docker.io/rancher/k3s:${version.replace('+', '-')}`;

const systemPackages = [
  ...['systemd', 'systemd-sysv', 'dbus', 'openssh-server'],
  ...['docker.io', 'docker-cli', 'iptables', 'iproute2', 'procps'],
  ...['dnsmasq-base', 'busybox-static'],
];

export async function systemImage(): Promise<string> {
  const archive = await innerImage();
  const content = await layer('inner-archive', await sha256File(archive), (root) =>
    copyFileSync(archive, join(root, innerArchive)),
  );
  return image([systemImageName], [await debianLayer(systemPackages), content], { Cmd: ['/bin/bash'] });
}

/** busybox and the names of its programs. */
export async function innerImage(): Promise<string> {
  const debian = await debianLayer(systemPackages);
  const content = await layer('inner', debian.sha256, async (root) => {
    await must(['tar', '--extract', `--file=${debian.tar}`, `--directory=${root}`, './usr/bin/busybox']);
    for (const directory of ['bin', 'etc', 'tmp']) mkdirSync(join(root, directory));
    await must(['mv', join(root, 'usr/bin/busybox'), join(root, 'bin/busybox')]);
    rmSync(join(root, 'usr'), { recursive: true });
    await must(['chroot', root, '/bin/busybox', '--install', '-s', '/bin']);
  });
  return image([innerImageName], [content], { Cmd: ['/bin/sh'] });
}

/**
 * Stands in for rancher/k3s, which is what the K3s binary carries, unpacked at /, and K3s's own shell and iptables. Those
 * are Debian's here, but mount, which is busybox's there too (k3s-root, scripts/package): that of util-linux makes system calls
 * which no seccomp profile RuntimeDefault allows in a system pod.
 */
export async function k3sImage(binary: string): Promise<string> {
  const busybox = await debianLayer(systemPackages);
  const recipe = { binary: await sha256File(binary), busybox: busybox.sha256 };
  const content = await layer('k3s-programs', recipe, async (root) => {
    const data = mkdtempSync(join(root, 'unpacked-'));
    // any of its commands unpacks what it carries
    await must([binary, 'kubectl', 'version', '--client'], { env: { ...process.env, K3S_DATA_DIR: data } });
    mkdirSync(join(root, 'usr'), { recursive: true });
    await must(['cp', '-a', join(data, 'data/current/bin'), join(root, 'usr/bin')]);
    await must(['tar', '--extract', `--file=${busybox.tar}`, `--directory=${root}`, './usr/bin/busybox']);
    symlinkSync('busybox', join(root, 'usr/bin/mount'));
    rmSync(data, { recursive: true });
    if (!existsSync(join(root, 'usr/bin/k3s'))) throw new Error(`${basename(binary)} carries no k3s`);
  });
  const debian = await debianLayer(['ca-certificates', 'conntrack', 'ipset', 'iproute2', 'kmod', 'iptables']);
  const path = '/var/lib/rancher/k3s/data/cni:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/bin/aux';
  const config = { Env: [`PATH=${path}`], Entrypoint: ['/bin/k3s'], Cmd: ['agent'] };
  return image([k3sImageName(await k3sVersion(binary))], [debian, content], config);
}

export async function k3sVersion(binary: string): Promise<string> {
  const version = /^k3s version (\S+)/m.exec(await must([binary, '--version']))?.[1];
  if (!version) throw new Error(`${binary} --version names no version`);
  return version;
}
