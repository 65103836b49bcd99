import * as kplus from 'cdk8s-plus-30';
import { Construct, IConstruct } from 'constructs';
import { secretOf } from '../core/foreign-resource';
import { PlainPodSpec } from '../workloads/system-pod-spec';

const CREDENTIALS = '/opt/cdk8s-sysbox/docker-config';

/**
 * What a container needs to use an engine: mounts and variables, in cdk8s' property space.
 *
 * @internal
 */
export interface DockerClient {
  readonly mounts: { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly variables: Record<string, string>;
}

/**
 * The volume with the credentials of registries, as the docker command wants them.
 *
 * @internal
 */
export function credentialsVolume(scope: Construct, secret: IConstruct): kplus.Volume {
  const credentials = secretOf(secret, `${scope.node.path}: registryCredentials`);
  return kplus.Volume.fromSecret(scope, 'Credentials', credentials, {
    name: 'docker-credentials',
    items: { '.dockerconfigjson': { path: 'config.json' } },
  });
}

/**
 * Credentials in the directory that the docker command reads. It is read-only, so buildx keeps its state elsewhere.
 *
 * @internal
 */
export function credentialsClient(volume: kplus.Volume | undefined): DockerClient {
  if (!volume) return { mounts: [], variables: {} };
  return {
    mounts: [{ name: volume.name, mountPath: CREDENTIALS, readOnly: true }],
    variables: { DOCKER_CONFIG: CREDENTIALS, BUILDX_CONFIG: '/tmp/buildx' },
  };
}

/**
 * The container as a client of the engine. Variables that it has already stay, and one with a DOCKER_HOST of its own is
 * left alone.
 *
 * @internal
 */
export function asClient(container: PlainPodSpec, client: DockerClient): PlainPodSpec {
  const names = (container.env ?? []).map((variable: { name: string }) => variable.name);
  if ('DOCKER_HOST' in client.variables && names.includes('DOCKER_HOST')) return container;
  const mounted = (container.volumeMounts ?? []).map((mount: { mountPath: string }) => mount.mountPath);
  const mounts = client.mounts.filter(({ mountPath }) => !mounted.includes(mountPath));
  const variables = Object.entries(client.variables).filter(([name]) => !names.includes(name));
  return {
    ...container,
    ...(variables.length > 0 && { env: [...(container.env ?? []), ...variables.map(toVariable)] }),
    ...(mounts.length > 0 && { volumeMounts: [...(container.volumeMounts ?? []), ...mounts] }),
  };
}

function toVariable([name, value]: [string, string]): kplus.k8s.EnvVar {
  return { name, value };
}
