import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { ProjectedSource, SystemStatefulSet, SystemVolume } from '../workloads';
import { CLIENT_RESOURCES, programCommand, PROGRAMS_PATH } from './pod-programs';

/** @internal */
export interface PublisherOptions {
  readonly image: string;
  readonly secret: kplus.ISecret;
  readonly key: string;
  /** What stands as the server's address in the kubeconfig. */
  readonly url: string;
}

/** Where K3s writes its kubeconfig, k3s.yaml. */
const CONFIGURATION = '/etc/rancher/k3s';
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * A container alongside K3s that keeps its kubeconfig in a Secret. Only it has the ServiceAccount's token: what runs inside
 * K3s has no way to the cluster around.
 *
 * @internal
 */
export function addPublisher(set: SystemStatefulSet, k3s: kplus.Container, options: PublisherOptions): void {
  const shared = kplus.Volume.fromEmptyDir(set, 'Kubeconfig', 'k3s-kubeconfig', {
    medium: kplus.EmptyDirMedium.MEMORY,
    sizeLimit: Size.mebibytes(1),
  });
  k3s.mount(CONFIGURATION, shared);
  const publisher = set.addContainer({
    name: 'kubeconfig',
    image: options.image,
    command: programCommand('publish.sh'),
    envVariables: {
      CLUSTER_URL: kplus.EnvValue.fromValue(options.url),
      INTERVAL: kplus.EnvValue.fromValue('10'),
      KUBECONFIG_FILE: kplus.EnvValue.fromValue(`${CONFIGURATION}/k3s.yaml`),
      NODE_NAME: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAME),
      SECRET_KEY: kplus.EnvValue.fromValue(options.key),
      SECRET_NAME: kplus.EnvValue.fromValue(options.secret.name),
    },
    resources: CLIENT_RESOURCES,
  });
  publisher.mount(CONFIGURATION, shared, { readOnly: true });
  publisher.mount(SERVICE_ACCOUNT, serviceAccountVolume(set), { readOnly: true });
  const programs = k3s.mounts.find(({ path }) => path === PROGRAMS_PATH);
  if (programs) publisher.mount(PROGRAMS_PATH, programs.volume, { readOnly: true });
}

/** What the kubelet mounts by itself where `automountServiceAccountToken` is on, which would be for all containers. */
function serviceAccountVolume(set: SystemStatefulSet): kplus.Volume {
  const ca = kplus.ConfigMap.fromConfigMapName(set, 'RootCa', 'kube-root-ca.crt');
  return SystemVolume.fromProjected(set, 'ServiceAccount', 'service-account', [
    ProjectedSource.serviceAccountToken({ path: 'token' }),
    ProjectedSource.configMap(ca, { 'ca.crt': { path: 'ca.crt' } }),
    ProjectedSource.downwardApi([{ path: 'namespace', field: 'metadata.namespace' }]),
  ]);
}
