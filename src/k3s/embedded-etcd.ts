import * as kplus from 'cdk8s-plus-30';
import { ISystemWorkload, SystemStatefulSet } from '../workloads';

/** The port on which etcd's members reach each other. */
const PEER_PORT = 2380;

/** Where a server finds the kubeconfig of its own cluster, once it is published. */
const KNOWN = '/etc/rancher/cluster';

/** @internal */
export interface EmbeddedEtcdOptions {
  /** Where a new server joins: the Service of those that are ready. */
  readonly joinUrl: string;

  /** What follows the name of a pod in the name of its own Service, "namespace.svc". */
  readonly domain: string;

  /** The Secret with the cluster's kubeconfig: where it is filled, the cluster has existed. */
  readonly kubeconfig: kplus.ISecret;

  /** Its key. */
  readonly kubeconfigKey: string;
}

/**
 * The etcd that several servers share, a member each. A member is known to the others by the name of a Service of its own,
 * since the address of a pod changes with each restart: K3s registers that address, and `member.sh` replaces it.
 *
 * @internal
 */
export class EmbeddedEtcd {
  public constructor(private readonly options: EmbeddedEtcdOptions) {}

  /** The certificate of etcd has the names that that of the API server has (K3s, pkg/daemons/control/deps, genETCDCerts). */
  public args(): string[] {
    return [`--tls-san=$(NODE_NAME).${this.options.domain}`, '--etcd-arg=enable-grpc-gateway=true'];
  }

  public environment(): Record<string, kplus.EnvValue> {
    return {
      API_URL: kplus.EnvValue.fromValue(this.options.joinUrl),
      JOIN_URL: kplus.EnvValue.fromValue(this.options.joinUrl),
      MEMBER_NAME: kplus.EnvValue.fromValue(`$(NODE_NAME).${this.options.domain}`),
    };
  }

  public mount(workload: ISystemWorkload, k3s: kplus.Container): void {
    const { kubeconfig, kubeconfigKey } = this.options;
    const known = kplus.Volume.fromSecret(workload, 'KnownCluster', kubeconfig, {
      name: 'k3s-known-cluster',
      optional: true,
      defaultMode: 0o400,
      items: { [kubeconfigKey]: { path: 'kubeconfig.yaml' } },
    });
    k3s.mount(KNOWN, known, { readOnly: true });
  }
}

/**
 * A Service for each server: it resolves to the address of its pod from the first moment, ready or not, since the members
 * make each other ready.
 *
 * @internal
 */
export function addMemberServices(set: SystemStatefulSet, servers: number, labels: Record<string, string>): void {
  for (let i = 0; i < servers; i++) {
    const name = `${set.name}-${i}`;
    const service = new kplus.Service(set, `Member${i}`, {
      metadata: { name, labels },
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      ports: [{ name: 'etcd-peer', port: PEER_PORT }],
    });
    service.selectLabel('statefulset.kubernetes.io/pod-name', name);
  }
}
