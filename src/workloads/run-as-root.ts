import * as kplus from 'cdk8s-plus-30';
import { PlainPodSpec } from './system-pod-spec';

/**
 * Lets one container run as root although the pod says otherwise: Sysbox gives capabilities to uid 0 only, and dockerd,
 * systemd and K3s do not start without them. The other containers keep what the pod says.
 *
 * @internal
 */
export function runAsRoot(spec: PlainPodSpec, name: string): PlainPodSpec {
  const { runAsUser, runAsGroup, runAsNonRoot } = spec.securityContext ?? {};
  const own = {
    ...(runAsUser && { runAsUser: 0 }),
    ...(runAsGroup && { runAsGroup: 0 }),
    ...(runAsNonRoot && { runAsNonRoot: false, runAsUser: 0 }),
  };
  if (Object.keys(own).length === 0) return spec;
  const equip = (container: PlainPodSpec) =>
    container.name === name ? { ...container, securityContext: { ...own, ...container.securityContext } } : container;
  return { ...spec, containers: spec.containers.map(equip), initContainers: spec.initContainers?.map(equip) };
}

/**
 * Refuses a container that is to run as root and says otherwise.
 *
 * @internal
 */
export function assertRoot({ name, securityContext = {} }: kplus.ContainerProps, where: string): void {
  const { user, ensureNonRoot } = securityContext;
  if (!user && !ensureNonRoot) return;
  throw new Error(
    `${where}: container '${name}' needs root, which is nobody on the node. Leave out 'user' and 'ensureNonRoot' in its securityContext`,
  );
}
