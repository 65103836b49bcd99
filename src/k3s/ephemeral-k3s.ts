import { ApiObject, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { ISystemWorkload } from '../workloads';
import { PlainPodSpec } from '../workloads/system-pod-spec';
import { K3sNode } from './k3s-node';
import { K3sComponent, K3sServerOptions } from './k3s-options';
import { K3sRegistries } from './k3s-registries';
import { k3sMinor, K3sVersionOptions } from './k3s-version';
import { NestedNetworkOptions } from './nested-network';

/** Where an ephemeral cluster keeps its objects. */
export enum EphemeralDatastore {
  /** In memory: K3s' `memory://` from 1.37, before it SQLite on a tmpfs of at most 256 MiB. */
  MEMORY = 'memory',

  /** SQLite in the pod's storage. */
  DISK = 'disk',
}

/** A Kubernetes cluster for one test run. */
export interface EphemeralK3sOptions extends K3sVersionOptions, K3sServerOptions {
  /**
   * Where the cluster keeps its objects.
   *
   * @default EphemeralDatastore.MEMORY
   */
  readonly datastore?: EphemeralDatastore;

  /**
   * Image archives (`docker save`, .tar, .tar.gz or .tar.zst) that are imported before the first pod: no pull, no rate limit. Mounted
   * read-only.
   *
   * @default - none
   */
  readonly images?: kplus.IStorage;

  /**
   * The addresses of the nested cluster.
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
   * How long the cluster has to become ready; the other containers start then.
   *
   * @default Duration.minutes(10)
   */
  readonly startTimeout?: Duration;

  /**
   * How long the pod may live, whatever runs in it.
   *
   * @default Duration.hours(1)
   */
  readonly timeToLive?: Duration;
}

/** Where K3s writes its kubeconfig, k3s.yaml. */
const CONFIGURATION = '/etc/rancher/k3s';
const KUBECONFIG = '/kubeconfig';
const VOLUME = 'k3s-kubeconfig';

/** What a test seldom needs, and what each takes time and memory to start. */
const DISABLED = [K3sComponent.METRICS_SERVER, K3sComponent.SERVICE_LB, K3sComponent.TRAEFIK];

/** The first minor version with `memory://`. */
const MEMORY_SINCE = 37;

/** Kinds whose controller replaces a pod that ends. */
const REPLACED = ['DaemonSet', 'Deployment', 'StatefulSet'];

/**
 * A Kubernetes cluster for one test run, as k3d and kind are used in CI, without privilege: a native sidecar of a Job's or pod's
 * containers. They start when the cluster is ready, find it by KUBECONFIG, and it ends with them. It has no claim, and leaves
 * nothing behind.
 *
 * @example
 * import { App, Chart, Duration } from 'cdk8s';
 * import { EphemeralK3s, SystemJob } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'test', { namespace: 'ci' });
 * const job = new SystemJob(chart, 'Suite', {
 *   containers: [{ name: 'test', image: 'registry.example.org/suite:1.2.0' }],
 *   ttlAfterFinished: Duration.hours(1),
 * });
 * EphemeralK3s.on(job, { version: 'v1.36.2+k3s1' });
 * app.synth();
 */
export class EphemeralK3s extends Construct {
  /**
   * Add the cluster to a workload whose pods end: a Job, a CronJob, a pod, or an agent's sandbox. Refused: a Deployment, a
   * StatefulSet and a DaemonSet, for which K3sCluster is made.
   *
   * @param workload what gets the cluster
   * @param options how it is set up
   */
  public static on(workload: ISystemWorkload, options: EphemeralK3sOptions): EphemeralK3s {
    return new EphemeralK3s(workload, options);
  }

  /** The container in which K3s runs, named "k3s". */
  public readonly container: kplus.Container;

  /** KUBECONFIG of the pod's other containers. */
  public readonly kubeconfig: string = `${KUBECONFIG}/k3s.yaml`;

  private constructor(workload: ISystemWorkload, options: EphemeralK3sOptions) {
    super(workload, 'EphemeralK3s');
    assertEnds(workload);
    const { images, timeToLive = Duration.hours(1) } = options;
    this.container = K3sNode._on(
      workload,
      { disable: DISABLED, ...options },
      { ephemeral: true, args: [...fastArgs(options), ...datastoreArgs(options)] },
    ).container;
    this.container.mount(CONFIGURATION, this.memory('Kubeconfig', VOLUME, Size.mebibytes(1)));
    if (isTmpfs(options)) {
      this.container.mount('/var/lib/rancher/k3s/server/db', this.memory('Database', 'k3s-db', Size.mebibytes(256)));
    }
    if (images) this.container.mount('/var/lib/rancher/k3s/agent/images', images, { readOnly: true });
    workload.system._change((spec) => this.withClients({ activeDeadlineSeconds: timeToLive.toSeconds(), ...spec }));
  }

  private memory(id: string, name: string, sizeLimit: Size): kplus.Volume {
    return kplus.Volume.fromEmptyDir(this, id, name, { medium: kplus.EmptyDirMedium.MEMORY, sizeLimit });
  }

  /** The other containers, whenever they were added; init containers before the sidecar cannot use it, so it comes first. */
  private withClients(spec: PlainPodSpec): PlainPodSpec {
    const init: PlainPodSpec[] = spec.initContainers ?? [];
    const isK3s = ({ name }: PlainPodSpec) => name === this.container.name;
    const client = (container: PlainPodSpec) => this.asClient(container);
    return {
      ...spec,
      containers: spec.containers.map(client),
      initContainers: [...init.filter(isK3s), ...init.filter((it) => !isK3s(it)).map(client)],
    };
  }

  private asClient(container: PlainPodSpec): PlainPodSpec {
    const env: PlainPodSpec[] = container.env ?? [];
    const named = env.some(({ name }) => name === 'KUBECONFIG');
    const mounts: PlainPodSpec[] = container.volumeMounts ?? [];
    return {
      ...container,
      env: named ? env : [...env, { name: 'KUBECONFIG', value: this.kubeconfig }],
      volumeMounts: [...mounts, { name: VOLUME, mountPath: KUBECONFIG, readOnly: true }],
    };
  }
}

/** Nothing is waited for that a test run does not need. */
function fastArgs({ disable = DISABLED }: EphemeralK3sOptions): string[] {
  const without = (component: K3sComponent) => disable.includes(component);
  return [
    // readable for users other than root, in containers of this pod only
    '--write-kubeconfig-mode=0644',
    // it deploys traefik, and charts that a test applies
    ...(without(K3sComponent.TRAEFIK) ? ['--disable-helm-controller'] : []),
    // without it the node is initialized by the kubelet itself; servicelb is part of it
    ...(without(K3sComponent.SERVICE_LB) ? ['--disable-cloud-controller'] : []),
  ];
}

function datastoreArgs(options: EphemeralK3sOptions): string[] {
  const inMemory = (options.datastore ?? EphemeralDatastore.MEMORY) === EphemeralDatastore.MEMORY;
  return inMemory && k3sMinor(options.version) >= MEMORY_SINCE ? ['--datastore-endpoint=memory://'] : [];
}

function isTmpfs(options: EphemeralK3sOptions): boolean {
  const inMemory = (options.datastore ?? EphemeralDatastore.MEMORY) === EphemeralDatastore.MEMORY;
  return inMemory && datastoreArgs(options).length === 0;
}

function assertEnds(workload: ISystemWorkload): void {
  const { kind } = ApiObject.of(workload);
  if (!REPLACED.includes(kind)) return;
  throw new Error(
    `${workload.node.path}: an ephemeral cluster ends with its pod, and a ${kind} replaces the pod. Use a SystemJob or a SystemPod, or ` +
      'K3sCluster for a cluster that stays',
  );
}
