import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { SystemStorage } from '../workloads/system-storage';
import { ISystemWorkload } from '../workloads/system-workload';
import { MACHINE_DIRECTORY, machineCommand } from './machine-files';
import { PersistentDirectory } from './systemd-options';

/**
 * Mounts the directories into the machine, and fills new ones from its image.
 *
 * @internal
 */
export function mountDirectories(
  scope: Construct,
  workload: ISystemWorkload,
  machine: kplus.Container,
  directories: PersistentDirectory[],
  programs: { readonly files: Record<string, string>; readonly volume: kplus.Volume },
): void {
  const volumes = new Map<SystemStorage, kplus.Volume>();
  const mounts = directories.map((directory) => {
    assertDirectory(directory, directories, workload.node.path);
    const { path, storage, subPath, seed = true } = directory;
    const volume = volumes.get(storage) ?? volumeOf(storage, workload, scope, path);
    volumes.set(storage, volume);
    machine.mount(path, volume, { subPath });
    return { path, volume, subPath, seed };
  });
  const seeded = mounts.filter(({ seed }) => seed);
  if (seeded.length === 0) return;
  const init = workload.addInitContainer({
    name: 'seed',
    image: machine.image,
    command: machineCommand(programs.files, 'seed.sh', ...seeded.map(({ path }) => path)),
  });
  init.mount(MACHINE_DIRECTORY, programs.volume, { readOnly: true });
  seeded.forEach(({ volume, subPath }, i) => init.mount(`/seed/${i}`, volume, { subPath }));
}

function volumeOf(storage: SystemStorage, workload: ISystemWorkload, scope: Construct, path: string): kplus.Volume {
  const name = path.slice(1).replaceAll('/', '-').replaceAll(/[._]/g, '-').toLowerCase();
  const volume = storage._volumeIn(workload, scope, name);
  if (volume) return volume;
  throw new Error(
    `${workload.node.path}: the node keeps nothing for '${path}'. Use SystemStorage.claim(), or leave the directory out`,
  );
}

function assertDirectory(
  { path, storage, subPath }: PersistentDirectory,
  all: PersistentDirectory[],
  where: string,
): void {
  if (!/^(\/[A-Za-z0-9._-]+)+$/.test(path) || path.split('/').includes('..')) {
    throw new Error(`${where}: persistentDirectories: '${path}' is not an absolute path without '..' and trailing '/'`);
  }
  if (/^\/run(\/lock)?$/.test(path)) {
    throw new Error(
      `${where}: persistentDirectories: Sysbox mounts a tmpfs of its own at '${path}'. Use a directory below it, or elsewhere`,
    );
  }
  if (/^\/(proc|sys|dev)(\/|$)/.test(path)) {
    throw new Error(`${where}: persistentDirectories: '${path}' is the kernel's. Use a directory for data`);
  }
  if (all.filter((other) => other.path === path).length > 1) {
    throw new Error(`${where}: persistentDirectories: '${path}' is there twice. Leave one out`);
  }
  const others = all.filter((other) => other.storage === storage && other.subPath === subPath);
  if (others.length > 1) {
    throw new Error(
      `${where}: persistentDirectories: ${others.map((o) => `'${o.path}'`).join(' and ')} would be one directory of one storage. Give each its own subPath`,
    );
  }
}
