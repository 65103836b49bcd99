import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { assertPinnedImage } from '../core/image-reference';
import { DEFAULT_IMAGES, mirrored } from '../core/image-registry';
import { assertRoot, runAsRoot } from '../workloads/run-as-root';
import { PlainPodSpec } from '../workloads/system-pod-spec';
import { ISystemWorkload } from '../workloads/system-workload';
import { asClient, credentialsClient, credentialsVolume, DockerClient } from './client';
import { daemonJson } from './daemon-json';
import { ENGINE_DIRECTORY, engineFiles, engineVolume } from './engine-files';
import { DockerContainerOptions, DockerServiceOptions } from './engine-options';
import { mountEngineStorage } from './engine-storage';

/**
 * Where the engine's socket is for other containers. Not below /run, where systemd's tmpfs would hide it.
 *
 * @internal
 */
export const SOCKET_DIRECTORY = '/docker-socket';

/** Where the docker command of the engine's own container looks for it. */
const OWN_SOCKET = 'unix:///var/run/docker.sock';

/** @internal */
export const SHARED_SOCKET = `unix://${SOCKET_DIRECTORY}/docker.sock`;

const NOTHING: DockerClient = { mounts: [], variables: {} };

/**
 * Refuses what no pod with an engine can have.
 *
 * @internal
 */
export function assertEngine(workload: ISystemWorkload, options: DockerServiceOptions): void {
  const where = workload.node.path;
  if (workload.node.tryFindChild('Docker')) {
    throw new Error(`${where}: a pod has one Docker engine, and this one has one already. Use a workload of its own`);
  }
  const { socketGroup } = options;
  if (socketGroup !== undefined && (!Number.isInteger(socketGroup) || socketGroup < 1 || socketGroup > 65535)) {
    throw new Error(
      `${where}: socketGroup ${socketGroup} is not a valid group id of a pod. Use a number from 1 to 65535`,
    );
  }
}

/**
 * Props of the engine's container without its command.
 *
 * @internal
 */
export function engineContainer(
  workload: ISystemWorkload,
  options: DockerContainerOptions,
  defaultImage: string,
): kplus.ContainerProps {
  const given: kplus.ContainerProps = options.container ?? { image: mirrored(workload, defaultImage) };
  const name = given.name ?? 'docker';
  assertPinnedImage(given.image, `${workload.node.path}: container '${name}'`);
  assertRoot({ ...given, name }, workload.node.path);
  assertSupported(given.image, options, `${workload.node.path}: container '${name}'`);
  return { ...given, name };
}

/** The first release that knows default-network-opts, which the MTU needs. */
const OLDEST = 24;
const MIRRORS_WITH_PATH = 25;

/** Refuses an image of Docker's own that is too old for what its daemon.json says. Other images do not tell their release. */
function assertSupported(image: string, { daemon = {} }: DockerContainerOptions, what: string): void {
  const [, release] = /^(?:(?:docker\.io|index\.docker\.io)\/)?(?:library\/)?docker:(\d+)(?:[.-]|$)/.exec(image) ?? [];
  if (release === undefined) return;
  const withPath = daemon.registryMirrors?.some((mirror) => /^https?:\/\/[^/]+\/./.test(mirror));
  const oldest = withPath ? MIRRORS_WITH_PATH : OLDEST;
  if (Number(release) >= oldest) return;
  const reason = withPath ? 'a registry mirror with a path' : 'the MTU of its networks';
  throw new Error(
    `${what}: '${image}' is too old for ${reason}. Use Docker ${oldest} or later, such as '${DEFAULT_IMAGES.docker}'`,
  );
}

/**
 * All files of the engine's directory in a container of its own.
 *
 * @param listens where it listens beyond the two sockets, and how
 * @internal
 */
export function filesOf(
  workload: ISystemWorkload,
  options: DockerContainerOptions,
  listens: Record<string, unknown> & { readonly hosts?: string[] } = {},
): Record<string, string> {
  const own = {
    ...listens,
    hosts: [OWN_SOCKET, SHARED_SOCKET, ...(listens.hosts ?? [])],
    group: options.socketGroup?.toString(),
  };
  return engineFiles({ 'daemon.json': daemonJson(options.daemon ?? {}, own, workload.node.path) });
}

/**
 * The engine's files, storage, socket and credentials in its container and in the others.
 *
 * @internal
 */
export function equipEngine(
  scope: Construct,
  workload: ISystemWorkload,
  container: kplus.Container,
  options: DockerContainerOptions,
  files: Record<string, string>,
  isClientToo: boolean,
): void {
  container.mount(ENGINE_DIRECTORY, engineVolume(scope, files), { readOnly: true });
  mountEngineStorage(scope, workload, container, options, false);

  const socket = kplus.Volume.fromEmptyDir(scope, 'Socket', 'docker-socket');
  container.mount(SOCKET_DIRECTORY, socket);
  const shared = sharedDirectories(scope, workload, container, options.sharedDirectories ?? []);
  const credentials = options.registryCredentials && credentialsVolume(scope, options.registryCredentials);
  if (credentials) workload.addVolume(credentials);

  const user = credentialsClient(credentials);
  const others: DockerClient = {
    mounts: [{ name: socket.name, mountPath: SOCKET_DIRECTORY }, ...shared, ...user.mounts],
    variables: { DOCKER_HOST: SHARED_SOCKET, ...user.variables },
  };
  workload.system._change((spec) => {
    const equip = (c: PlainPodSpec) => asClient(c, c.name !== container.name ? others : isClientToo ? user : NOTHING);
    const equipped = { ...spec, ...engineFirst(spec, container.name, equip) };
    return withSocketGroup(runAsRoot(equipped, container.name), options.socketGroup);
  });
}

/** Init containers before a sidecar cannot use it, so it comes first; an engine alongside the others starts after them. */
function engineFirst(spec: PlainPodSpec, engine: string, equip: (c: PlainPodSpec) => PlainPodSpec): PlainPodSpec {
  const init: PlainPodSpec[] = spec.initContainers ?? [];
  const sidecar = init.filter((c) => c.name === engine);
  const others = init.filter((c) => c.name !== engine);
  return {
    containers: spec.containers.map(equip),
    initContainers: sidecar.length > 0 ? [...sidecar, ...others].map(equip) : spec.initContainers,
  };
}

/**
 * Gives the processes of all containers the group of the socket.
 *
 * @internal
 */
export function withSocketGroup(spec: PlainPodSpec, group: number | undefined): PlainPodSpec {
  if (group === undefined) return spec;
  const given: number[] = spec.securityContext?.supplementalGroups ?? [];
  const supplementalGroups = given.includes(group) ? given : [...given, group];
  return { ...spec, securityContext: { ...spec.securityContext, supplementalGroups } };
}

function sharedDirectories(
  scope: Construct,
  workload: ISystemWorkload,
  container: kplus.Container,
  paths: string[],
): DockerClient['mounts'] {
  return paths.map((path, i) => {
    if (!/^(\/[^/]+)+$/.test(path) || path.split('/').includes('..')) {
      throw new Error(`${workload.node.path}: sharedDirectories: '${path}' is not an absolute path without '..'`);
    }
    const name = `docker-shared-${i}`;
    container.mount(path, kplus.Volume.fromEmptyDir(scope, `Shared${i}`, name));
    return { name, mountPath: path };
  });
}
