// The node's root disk: Debian with systemd as PID 1 and what K3s and Sysbox need from a host, plus its kernel.
import { mkdirSync, copyFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cached } from './cache';
import { debootstrap, suite } from './debian';
import { must } from './host';
import { accelerator } from './prerequisites';
import { umlKernel, type UmlKernelOptions } from './umlKernel';

export interface Disk {
  /** File that overlays are made over; never written to. */
  readonly file: string;
  readonly format: 'raw' | 'qcow2';
  readonly kernel: string;
  readonly initrd: string;
  /** Private key that the node's root accepts. */
  readonly sshKey: string;
}

const packages = [
  ...[
    'systemd',
    'systemd-sysv',
    'dbus',
    'udev',
    'openssh-server',
    'linux-image-cloud-amd64',
    'initramfs-tools',
    'zstd',
  ],
  ...[
    'ca-certificates',
    'curl',
    'e2fsprogs',
    'iproute2',
    'iptables',
    'ipset',
    'kmod',
    'procps',
    'psmisc',
    'jq',
    'conntrack',
  ],
  // iptables, conntrack and ipset lie in an official K3s binary; without ipset, K3s enforces no NetworkPolicy and only warns.
  // Sysbox refuses to start without rsync, modprobe and iptables, and sysbox-fs mounts through fusermount.
  ...['rsync', 'fuse3'],
];

/** Timers that change files by themselves; a test compares the node's files before and after. */
const maskedUnits = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
  'systemd-tmpfiles-clean.timer',
];

const files: Record<string, string> = {
  'etc/fstab': 'LABEL=root / ext4 defaults 0 1\n',
  'etc/hosts': '127.0.0.1 localhost\n',
  // The node keeps its own name in nothing but the kernel's command line (systemd.hostname=).
  'etc/hostname': '',
  'etc/resolv.conf': 'nameserver 10.0.2.3\n',
  'etc/systemd/network/10-machine.network':
    '[Match]\nName=eth0 vec0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n',
  'etc/ssh/sshd_config.d/node.conf': 'UseDNS no\nMaxSessions 100\n',
  // A small initrd boots faster; the disk and its file system are all it needs.
  'etc/initramfs-tools/conf.d/small': 'MODULES=list\nCOMPRESS=zstd\n',
  'etc/initramfs-tools/modules': 'virtio_pci\nvirtio_blk\next4\n',
  // Files that a test wants on the node before its first boot arrive as a tar archive on a second disk.
  'etc/systemd/system/files-before-boot.service': `[Unit]
Description=Files that the test brought
DefaultDependencies=no
After=systemd-remount-fs.service
Before=sysinit.target systemd-networkd.service systemd-sysctl.service systemd-modules-load.service
ConditionPathExists=|/dev/vdb
ConditionPathExists=|/dev/ubdb
RequiresMountsFor=/
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cd / && cat /dev/vdb /dev/ubdb 2>/dev/null | tar --extract'
ExecStart=/usr/bin/systemctl daemon-reload
[Install]
WantedBy=sysinit.target
`,
};

const setup = `set -eu
passwd -d root >/dev/null
systemctl enable systemd-networkd.service ssh.service files-before-boot.service
systemctl disable systemd-networkd-wait-online.service || true
systemctl mask ${maskedUnits.join(' ')}
update-initramfs -u -k all
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id`;

const sizeGiB = 24; // sparse

export interface RootDiskOptions extends UmlKernelOptions {
  /** Debian packages besides those that every node has. */
  readonly packages?: readonly string[];
}

/** With AppArmor: a kernel that has it in force, and its parser and profiles. */
export async function rootDisk(options: RootDiskOptions = {}): Promise<Disk> {
  const kernel = accelerator() === 'uml' ? await umlKernel(options) : undefined;
  const wanted = [...packages, ...(options.appArmor ? ['apparmor'] : []), ...(options.packages ?? [])];
  const recipe = { suite, packages: wanted, files, setup, sizeGiB, kernel: kernel?.root };
  const directory = await cached('root', recipe, async (into) => {
    const root = join(into, 'root');
    await debootstrap(root, wanted);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    await authorizeKey(into, root);
    await must(['chroot', root, 'sh', '-c', setup]);
    if (kernel) await addModules(kernel.root, root);
    copyFileSync(join(root, 'boot', bootFile(root, 'vmlinuz-')), join(into, 'vmlinuz'));
    copyFileSync(join(root, 'boot', bootFile(root, 'initrd.img-')), join(into, 'initrd'));
    // `mkfs -d` needs neither a loop device nor a mount.
    await must(['mkfs.ext4', '-q', '-L', 'root', '-d', root, join(into, 'disk.raw'), `${sizeGiB}G`]);
    rmSync(root, { recursive: true });
  });
  return {
    file: join(directory, 'disk.raw'),
    format: 'raw',
    kernel: kernel?.file ?? join(directory, 'vmlinuz'),
    initrd: join(directory, 'initrd'),
    sshKey: join(directory, 'id_ed25519'),
  };
}

async function addModules(from: string, root: string): Promise<void> {
  for (const version of readdirSync(join(from, 'lib/modules'))) {
    await must(['cp', '-a', join(from, 'lib/modules', version), join(root, 'lib/modules/')]);
    await must(['chroot', root, 'depmod', version]);
  }
}

async function authorizeKey(into: string, root: string): Promise<void> {
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(into, 'id_ed25519')]);
  mkdirSync(join(root, 'root/.ssh'), { recursive: true, mode: 0o700 });
  copyFileSync(join(into, 'id_ed25519.pub'), join(root, 'root/.ssh/authorized_keys'));
}

function bootFile(root: string, prefix: string): string {
  const name = readdirSync(join(root, 'boot')).find((file) => file.startsWith(prefix));
  if (!name) throw new Error(`${root}/boot has no ${prefix}*: the kernel package did not install.`);
  return name;
}
