import * as kplus from 'cdk8s-plus-30';
import { Chart } from 'cdk8s';
import { IConstruct } from 'constructs';

/** A nested cluster, whatever engine runs it. */
export interface INestedCluster extends IConstruct {
  /** Name of the cluster; its objects in the host cluster are named after it. */
  readonly clusterName: string;

  /** The Secret that has its kubeconfig once the cluster runs. */
  readonly kubeconfigSecret: kplus.ISecret;

  /** The key of the kubeconfig in that Secret. */
  readonly kubeconfigKey: string;
}

/**
 * How the API server of a nested cluster is reached from outside the host cluster.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { ApiServerExposure, K3sCluster } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'cluster', { namespace: 'dev' });
 * new K3sCluster(chart, 'Dev', {
 *   version: 'v1.36.2+k3s1',
 *   expose: ApiServerExposure.loadBalancer({ port: 443 }),
 *   kubeconfigUrl: 'https://dev.k3s.example.org',
 * });
 * app.synth();
 */
export class ApiServerExposure {
  /**
   * Through a load balancer.
   *
   * @param options its port and annotations
   */
  public static loadBalancer(options: ApiServerExposureOptions = {}): ApiServerExposure {
    const { port = 1 } = options;
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      throw new Error(`port ${port} of a load balancer is not valid. Use a whole number from 1 to 65535`);
    }
    return new ApiServerExposure(kplus.ServiceType.LOAD_BALANCER, options.port, options.annotations ?? {});
  }

  /**
   * Through a port of each node of the host cluster.
   *
   * @param options its port, from 30000 to 32767, and annotations
   */
  public static nodePort(options: ApiServerExposureOptions = {}): ApiServerExposure {
    const { port } = options;
    if (port !== undefined && !(Number.isInteger(port) && port >= 30000 && port <= 32767)) {
      throw new Error(`node port ${port} is not in 30000 to 32767. Leave it out: Kubernetes chooses a free one`);
    }
    return new ApiServerExposure(kplus.ServiceType.NODE_PORT, port, options.annotations ?? {});
  }

  private constructor(
    /** The type of the Service. */
    public readonly type: kplus.ServiceType,
    /** The port from outside. */
    public readonly port: number | undefined,
    /** Annotations of the Service. */
    public readonly annotations: Record<string, string>,
  ) {}
}

/** How a nested cluster is exposed. */
export interface ApiServerExposureOptions {
  /**
   * The port.
   *
   * @default - the engine's own at a load balancer, a free one at the nodes
   */
  readonly port?: number;

  /**
   * Annotations of the Service.
   *
   * @default - none
   */
  readonly annotations?: Record<string, string>;
}

/** Pods derive their labels, of at most 63 characters, from this name. */
const LONGEST_NAME = 45;

/** @internal */
export function assertClusterName(name: string, where: string): string {
  if (name.length > LONGEST_NAME || !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    throw new Error(
      `${where}: clusterName '${name}' must be at most ${LONGEST_NAME} lower-case letters, digits and '-', and begin with a letter`,
    );
  }
  return name;
}

/** @internal */
export function namespaceOf(scope: IConstruct): string {
  const { namespace } = Chart.of(scope);
  if (namespace !== undefined) return namespace;
  throw new Error(
    `${scope.node.path}: the chart has no namespace, and the certificate, the kubeconfig and the rights of a nested cluster ` +
      "name it. Write new Chart(app, id, { namespace: '…' })",
  );
}
