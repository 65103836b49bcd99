import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { SPECIAL_DIRECTORIES } from '../rules/special-directories';
import { SystemStorage } from '../workloads/system-storage';
import { ISystemWorkload } from '../workloads/system-workload';
import { dataRootOf } from './daemon-json';
import { DockerServiceOptions } from './engine-options';

const DEFAULT_SIZE = Size.gibibytes(20);

/** Parent of the snapshotter's special directory; the images that the layers belong to are in it. */
const CONTAINERD = '/var/lib/containerd';

/**
 * Mounts where the engine keeps its data: at exactly its data root, since only there it takes the place of what Sysbox
 * mounts. With a containerd of its own Docker 29 keeps layers in /var/lib/containerd, so a disk, or an engine that
 * systemd starts, has both, side by side on one volume.
 *
 * @internal
 */
export function mountEngineStorage(
  scope: Construct,
  workload: ISystemWorkload,
  container: kplus.Container,
  options: DockerServiceOptions,
  containerdApart: boolean,
): void {
  const storage = options.storage ?? SystemStorage.emptyDir(DEFAULT_SIZE);
  const dataRoot = dataRootOf(options.daemon ?? {});
  const volume = storage._volumeIn(workload, scope, 'docker-data');
  if (!volume) {
    if (dataRoot === SPECIAL_DIRECTORIES.docker) return;
    throw new Error(
      `${workload.node.path}: Sysbox mounts nothing at the dataRoot '${dataRoot}'. Give storage other than SystemStorage.nodeLocal(), or leave dataRoot out`,
    );
  }
  if (!storage._isDisk && !containerdApart) {
    container.mount(dataRoot, volume);
    return;
  }
  container.mount(dataRoot, volume, { subPath: 'docker' });
  container.mount(CONTAINERD, volume, { subPath: 'containerd' });
  container.mount(SPECIAL_DIRECTORIES.containerd, volume, {
    subPath: SPECIAL_DIRECTORIES.containerd.replace('/var/lib/', ''),
  });
}
