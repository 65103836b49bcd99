// What the tests on a real node need from the machine, said in one sentence each when it is missing.
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, run } from './host';

export const sysboxPrograms = ['sysbox-runc', 'sysbox-fs', 'sysbox-mgr'] as const;

export interface Binaries {
  readonly k3s: string;
  readonly sysboxDir: string;
}

/** There is no fallback: a node test without its binaries must fail, not pass by skipping. */
export function k3sBinary(env: NodeJS.ProcessEnv = process.env): string {
  const k3s = env.K3S_BIN;
  if (!k3s) throw new Error('K3S_BIN is not set: name a K3s binary (Linux, this architecture) to run on the node.');
  if (!executable(k3s)) throw new Error(`K3S_BIN=${k3s} is not an executable file.`);
  return k3s;
}

/** The binaries under test. */
export function binaries(env: NodeJS.ProcessEnv = process.env): Binaries {
  return { k3s: k3sBinary(env), sysboxDir: sysboxBinaries(env) };
}

/** The directory of the Sysbox programs under test. */
export function sysboxBinaries(env: NodeJS.ProcessEnv = process.env): string {
  const sysboxDir = env.SYSBOX_BIN_DIR;
  if (!sysboxDir) {
    throw new Error(`SYSBOX_BIN_DIR is not set: name a directory that holds ${sysboxPrograms.join(', ')}.`);
  }
  const missing = sysboxPrograms.filter((program) => !executable(join(sysboxDir, program)));
  if (missing.length > 0) throw new Error(`SYSBOX_BIN_DIR=${sysboxDir} has no executable ${missing.join(', ')}.`);
  return sysboxDir;
}

const tools = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  debootstrap: 'debootstrap',
  'mkfs.ext4': 'e2fsprogs',
  ssh: 'openssh-client',
  gcc: 'gcc',
  openssl: 'openssl',
  setpriv: 'util-linux',
  socat: 'socat',
  ip: 'iproute2',
  flex: 'flex',
  bison: 'bison',
  bc: 'bc',
  make: 'make',
} as const;

/** Installs the missing programs with apt where that is possible, else says which ones to install. */
export async function ensureTools(): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`test:node boots an amd64 node from Linux; this is ${process.platform}/${process.arch}.`);
  }
  if (process.getuid?.() !== 0) throw new Error('test:node must run as root: debootstrap makes the root file system.');
  const missing = Object.entries(tools).filter(([tool]) => !onPath(tool));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  if (!onPath('apt-get')) throw new Error(`Missing programs: install the equivalents of ${packages.join(', ')}.`);
  await must(['apt-get', 'update']);
  await must(['apt-get', 'install', '-y', '--no-install-recommends', ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if ((await run(['qemu-system-x86_64', '--version'])).code !== 0) throw new Error('qemu-system-x86_64 does not run.');
}

export type Accelerator = 'kvm' | 'uml' | 'tcg';

/**
 * KVM only with hardware virtualization: kvm-pvm (KVM inside a virtual machine without nested virtualization) also
 * creates virtual machines, but interprets an unmodified kernel instruction by instruction and stops at BMI2 ones.
 * Else a kernel in user mode, many times faster than an emulated processor.
 */
export function accelerator(): Accelerator {
  const wanted = process.env.CDK8S_SYSBOX_ACCEL;
  if (wanted === 'kvm' || wanted === 'uml' || wanted === 'tcg') return wanted;
  if (wanted) throw new Error(`CDK8S_SYSBOX_ACCEL=${wanted}: write kvm, uml or tcg.`);
  const hardware = /^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  return hardware && existsSync('/dev/kvm') && readable('/dev/kvm') ? 'kvm' : 'uml';
}

function onPath(tool: string): boolean {
  const directories = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return directories.some((directory) => executable(join(directory, tool)));
}

function executable(path: string): boolean {
  return permits(path, constants.X_OK);
}

function readable(path: string): boolean {
  return permits(path, constants.R_OK | constants.W_OK);
}

function permits(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
