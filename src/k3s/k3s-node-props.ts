import { Duration } from 'cdk8s';
import { K3sServerOptions } from './k3s-options';
import { K3sRegistries } from './k3s-registries';
import { K3sToken } from './k3s-token';
import { K3sVersionOptions } from './k3s-version';
import { NestedNetworkOptions } from './nested-network';

/** A K3s node in a system workload. */
export interface K3sNodeProps extends K3sVersionOptions, K3sServerOptions {
  /**
   * The API server that the node joins as an agent, "https://name.namespace.svc:6443". Needs `token`. Refused together with what
   * only a server has.
   *
   * @default - the node is a server: API server, scheduler, database, and a node
   */
  readonly serverUrl?: string;

  /**
   * The tokens with which nodes join.
   *
   * @default - a server generates one and keeps it in its data
   */
  readonly token?: K3sToken;

  /**
   * The addresses of the nested cluster. Of a server.
   *
   * @default - pods in 10.52.0.0/16, Services in 10.53.0.0/16
   */
  readonly network?: NestedNetworkOptions;

  /**
   * A registries.yaml.
   *
   * @default - none
   */
  readonly registries?: K3sRegistries;

  /**
   * How long the pods inside have to leave the node before it is stopped. The pod's own grace period is extended.
   *
   * @default Duration.seconds(60)
   */
  readonly drainTimeout?: Duration;

  /**
   * How long K3s has to become ready after each start.
   *
   * @default Duration.minutes(10)
   */
  readonly startTimeout?: Duration;
}
