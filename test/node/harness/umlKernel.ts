// The kernel of a machine in user mode (uml.ts), built from Debian's kernel source: Debian's own user-mode-linux is for one
// processor, without cpusets, which K3s asks for.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache';
import { mirror, suite } from './debian';
import { must } from './host';

/** What K3s, containerd, flannel and Sysbox need of a kernel, built in. SMP has come to UML with Linux 6.19. */
const options = `
SMP CGROUPS MEMCG CGROUP_SCHED FAIR_GROUP_SCHED CFS_BANDWIDTH CGROUP_PIDS CGROUP_FREEZER CPUSETS CGROUP_DEVICE CGROUP_CPUACCT CGROUP_BPF BLK_CGROUP CGROUP_WRITEBACK PSI
NAMESPACES UTS_NS IPC_NS USER_NS PID_NS NET_NS TIME_NS CHECKPOINT_RESTORE KCMP FHANDLE POSIX_MQUEUE SYSVIPC POSIX_TIMERS EPOLL SIGNALFD TIMERFD EVENTFD INOTIFY_USER FANOTIFY BPF_SYSCALL BPF AIO IO_URING ADVISE_SYSCALLS MEMBARRIER
HIGH_RES_TIMERS NO_HZ_IDLE SECCOMP SECCOMP_FILTER KEYS EXPERT
BLK_DEV_UBD BLK_DEV_LOOP EXT4_FS EXT4_FS_POSIX_ACL EXT4_FS_SECURITY AUTOFS_FS FUSE_FS OVERLAY_FS TMPFS TMPFS_POSIX_ACL TMPFS_XATTR DEVTMPFS DEVTMPFS_MOUNT PROC_FS SYSFS HOSTFS SQUASHFS BINFMT_MISC BINFMT_SCRIPT BINFMT_ELF
NET PACKET UNIX UNIX_DIAG INET INET_DIAG INET_UDP_DIAG NETLINK_DIAG IPV6 NETFILTER NETFILTER_ADVANCED BRIDGE_NETFILTER NETFILTER_INGRESS NETFILTER_NETLINK NF_CONNTRACK NF_CONNTRACK_EVENTS NF_CT_NETLINK NF_NAT NF_TABLES NF_TABLES_INET NF_TABLES_NETDEV NFT_NUMGEN NFT_CT NFT_LOG NFT_LIMIT NFT_MASQ NFT_REDIR NFT_NAT NFT_QUOTA NFT_REJECT NFT_REJECT_INET NFT_COMPAT NFT_HASH NFT_FIB NFT_FIB_INET NF_TABLES_IPV4 NFT_REJECT_IPV4 NFT_FIB_IPV4 NF_TABLES_IPV6 NFT_REJECT_IPV6 NFT_FIB_IPV6 NETFILTER_XTABLES NETFILTER_XTABLES_LEGACY NETFILTER_XT_MARK NETFILTER_XT_CONNMARK NETFILTER_XT_SET NETFILTER_XT_TARGET_CHECKSUM NETFILTER_XT_TARGET_CT NETFILTER_XT_TARGET_LOG NETFILTER_XT_NAT NETFILTER_XT_TARGET_NETMAP NETFILTER_XT_TARGET_NFLOG NETFILTER_XT_TARGET_NOTRACK NETFILTER_XT_TARGET_REDIRECT NETFILTER_XT_TARGET_MASQUERADE NETFILTER_XT_TARGET_TCPMSS NETFILTER_XT_MATCH_ADDRTYPE NETFILTER_XT_MATCH_COMMENT NETFILTER_XT_MATCH_CONNTRACK NETFILTER_XT_MATCH_LIMIT NETFILTER_XT_MATCH_MULTIPORT NETFILTER_XT_MATCH_OWNER NETFILTER_XT_MATCH_PHYSDEV NETFILTER_XT_MATCH_RECENT NETFILTER_XT_MATCH_STATE NETFILTER_XT_MATCH_STATISTIC NETFILTER_XT_MATCH_NFACCT NETFILTER_NETLINK_ACCT IP_SET IP_SET_HASH_IP IP_SET_HASH_NET IP_SET_HASH_IPPORT IP_SET_HASH_IPPORTIP IP_SET_HASH_IPPORTNET IP_SET_BITMAP_PORT IP_SET_LIST_SET IP_SET_HASH_MAC
IP_NF_IPTABLES IP_NF_IPTABLES_LEGACY IP_NF_FILTER IP_NF_TARGET_REJECT IP_NF_NAT IP_NF_TARGET_MASQUERADE IP_NF_MANGLE IP_NF_RAW IP6_NF_IPTABLES IP6_NF_IPTABLES_LEGACY IP6_NF_FILTER IP6_NF_TARGET_REJECT IP6_NF_MANGLE IP6_NF_RAW IP6_NF_NAT IP6_NF_TARGET_MASQUERADE
BRIDGE VETH VXLAN TUN MACVLAN VLAN_8021Q NET_SCHED NET_SCH_FQ_CODEL NET_SCH_TBF NET_SCH_INGRESS NET_CLS_U32 NET_CLS_ACT UML_NET_VECTOR IP_ADVANCED_ROUTER IP_MULTIPLE_TABLES IP_MULTICAST
UML_RANDOM STDERR_CONSOLE NULL_CHAN SSL IKCONFIG IKCONFIG_PROC UNIX98_PTYS PRINTK
`;

/** Values, and what would only cost time. As modules, so that there is a /proc/modules, which sysbox-mgr reads. */
const settings = ['--set-val', 'NR_CPUS', '2', '-e', 'MODULES', '-m', 'DUMMY', '-m', 'CONFIGFS_FS'];
const without = ['DEBUG_INFO', 'DEBUG_KERNEL', 'WLAN', 'WIRELESS', 'INPUT', 'SOUND', 'USB_SUPPORT'];

/** What a kernel has whose AppArmor is in force, as Ubuntu's. */
const appArmor = 'SECURITY SECURITYFS SECURITY_NETWORK SECURITY_PATH AUDIT SECURITY_APPARMOR';
const appArmorSettings = ['--set-str', 'LSM', 'apparmor'];

/** A piece of the source, and what comes in its place. */
interface Patch {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** The kubelet does not start where /proc/cpuinfo has no clock speed (cadvisor, utils/sysinfo). */
const clockSpeed: Patch = {
  file: 'arch/um/kernel/um_arch.c',
  from: '\tseq_printf(m, "bogomips',
  to: '\tseq_printf(m, "cpu MHz\\t\\t: 1000.000\\n");\n\tseq_printf(m, "bogomips',
};

/**
 * Threads of one process take turns in user mode, which are up to a tick long, and the mutex of these turns spun as long as its
 * owner had a processor: the other processor did nothing else (a third of all time, by perf).
 */
const spinningTurns: Patch = {
  file: 'kernel/locking/mutex.c',
  from: '\t\t      struct mutex_waiter *waiter)\n{\n\tif (!waiter) {',
  to: '\t\t      struct mutex_waiter *waiter)\n{\n\treturn false;\n\tif (!waiter) {',
};

const patches = [clockSpeed, spinningTurns];

export interface UmlKernel {
  /** The program. */
  readonly file: string;
  /** Directory with lib/modules. */
  readonly root: string;
}

export interface UmlKernelOptions {
  /** AppArmor is built in and in force. @default false */
  readonly appArmor?: boolean;
}

export async function umlKernel(wanted: UmlKernelOptions = {}): Promise<UmlKernel> {
  const recipe = wanted.appArmor
    ? { options: `${options} ${appArmor}`, settings: [...settings, ...appArmorSettings] }
    : { options, settings };
  const root = await cached('uml', { ...recipe, without, patches, suite }, async (into) => {
    const source = await unpackedSource(into);
    const make = (...args: string[]) =>
      must(['make', '--silent', '-j3', 'ARCH=um', ...args], { cwd: source, timeoutMs: 60 * 60_000 });
    await make('defconfig');
    const enabled = recipe.options.split(/\s+/).filter(Boolean);
    const flags = [
      ...enabled.flatMap((one) => ['-e', one]),
      ...without.flatMap((one) => ['-d', one]),
      ...recipe.settings,
    ];
    await must(['scripts/config', ...flags], { cwd: source });
    await make('olddefconfig');
    const config = readFileSync(join(source, '.config'), 'utf8').split('\n');
    const refused = enabled.filter((one) => !config.includes(`CONFIG_${one}=y`));
    if (refused.length > 0) throw new Error(`this kernel has no ${refused.join(', ')}`);
    applyPatches(source);
    await make('linux', 'modules');
    await make('modules_install', `INSTALL_MOD_PATH=${into}`);
    await must(['cp', join(source, 'linux'), join(into, 'linux')]);
    await must(['strip', '--strip-debug', join(into, 'linux')]);
    rmSync(join(into, 'source'), { recursive: true });
  });
  return { file: join(root, 'linux'), root };
}

function applyPatches(directory: string): void {
  for (const { file, from, to } of patches) {
    const text = readFileSync(join(directory, file), 'utf8');
    if (!text.includes(from)) throw new Error(`this kernel's ${file} is another one: it lacks ${from.trim()}`);
    writeFileSync(
      join(directory, file),
      text.replace(from, () => to),
    );
  }
}

/** The newest kernel that Debian has for the node's release. */
async function unpackedSource(into: string): Promise<string> {
  const archive = `dists/${suite}-backports/main/binary-amd64/Packages.xz`;
  const packages = await must(['sh', '-c', `curl -fsS '${mirror}/${archive}' | xz -dc`]);
  const found = packages
    .split('\n\n')
    .filter((entry) => /^Package: linux-source-\d/m.test(entry))
    .at(-1);
  if (!found) throw new Error(`${mirror}/${archive} has no linux-source`);
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(found)![1]!;
  const directory = join(into, 'source');
  const deb = join(directory, 'source.deb');
  await must(['mkdir', '-p', directory]);
  await must(['curl', '-fsS', '-o', deb, `${mirror}/${field('Filename')}`]);
  const hash = createHash('sha256').update(readFileSync(deb)).digest('hex');
  if (hash !== field('SHA256')) throw new Error(`${field('Filename')} is not what Debian's index says`);
  await must(['dpkg-deb', '-x', deb, directory]);
  const tar = readdirSync(join(directory, 'usr/src')).find((name) => /^linux-source-.*\.tar\.xz$/.test(name))!;
  await must(['tar', '--extract', `--file=${join(directory, 'usr/src', tar)}`, `--directory=${directory}`]);
  const source = join(directory, tar.replace('.tar.xz', ''));
  writeFileSync(join(into, 'source.txt'), `${field('Filename')}\n`);
  return source;
}
