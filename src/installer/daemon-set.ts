import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { secretOf } from '../core/foreign-resource';
import { toResources } from '../core/quantities';
import { ImageSourceOptions } from './sysbox-source';

/** Where the programs and the configuration are in the pod. @internal */
export const PROGRAMS_PATH = '/programs';

/** @internal */
export interface DaemonSetOptions {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly imageOptions: ImageSourceOptions;
  /** The ConfigMaps whose files are at PROGRAMS_PATH. */
  readonly programs: string[];
  /** The ConfigMap with the settings. */
  readonly settings: string;
  readonly command: string[];
  readonly nodeSelector: Record<string, string>;
  readonly tolerations: kplus.k8s.Toleration[];
  readonly priorityClassName: string;
  readonly resources?: kplus.ContainerResources;
}

const DEFAULT_RESOURCES: kplus.ContainerResources = {
  cpu: { request: kplus.Cpu.millis(10) },
  memory: { request: Size.mebibytes(32), limit: Size.mebibytes(128) },
};

/** The DaemonSet of the coordinator. @internal */
export function addDaemonSet(scope: Construct, options: DaemonSetOptions): void {
  const labels = { 'app.kubernetes.io/name': options.name };
  new kplus.k8s.KubeDaemonSet(scope, 'DaemonSet', {
    metadata: { name: options.name, namespace: options.namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: {
        type: 'RollingUpdate',
        // The ConfigMap bounds the restarts. The controller's own limit would stop a rollout: it replaces a server's pod first, which
        // waits for agents, which would never get new pods.
        rollingUpdate: { maxUnavailable: kplus.k8s.IntOrString.fromString('100%') },
      },
      template: {
        metadata: {
          labels,
          annotations: { 'kubectl.kubernetes.io/default-container': 'coordinator' },
        },
        spec: podSpec(scope, options),
      },
    },
  });
}

function podSpec(scope: Construct, options: DaemonSetOptions): kplus.k8s.PodSpec {
  const { imagePullSecrets = [] } = options.imageOptions;
  return {
    serviceAccountName: options.name,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    nodeSelector: options.nodeSelector,
    tolerations: options.tolerations,
    priorityClassName: options.priorityClassName,
    // systemd answers only to processes that it can see (node-findings: without it systemctl fails with "No data available").
    hostPid: true,
    // The work is done by units of the host: a pod may end as soon as it is asked to.
    terminationGracePeriodSeconds: 10,
    ...(imagePullSecrets.length > 0 && {
      imagePullSecrets: imagePullSecrets.map((secret) => ({
        name: secretOf(secret, `${scope.node.path}: imagePullSecrets`).name,
      })),
    }),
    containers: [coordinator(options)],
    volumes: [
      // HostToContainer below: a private copy of the host's mounts would pin the volumes of other pods.
      { name: 'host', hostPath: { path: '/', type: 'Directory' } },
      { name: 'scratch', emptyDir: { sizeLimit: kplus.k8s.Quantity.fromString('64Mi') } },
      {
        name: 'programs',
        projected: { defaultMode: 0o555, sources: options.programs.map((name) => ({ configMap: { name } })) },
      },
      { name: 'settings', configMap: { name: options.settings } },
    ],
  };
}

function coordinator(options: DaemonSetOptions): kplus.k8s.Container {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const probe = (...command: string[]) => ({ exec: { command }, periodSeconds: 30, timeoutSeconds: 10 });
  return {
    name: 'coordinator',
    image: options.image,
    imagePullPolicy: options.imageOptions.imagePullPolicy ?? 'IfNotPresent',
    command: options.command,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    env: [
      field('NODE_NAME', 'spec.nodeName'),
      field('POD_NAME', 'metadata.name'),
      field('NAMESPACE', 'metadata.namespace'),
    ],
    resources: toResources(options.resources ?? DEFAULT_RESOURCES),
    // Not privileged: the host's systemd does what needs more. chroot is among containerd's default capabilities, not among CRI-O's.
    securityContext: {
      privileged: false,
      capabilities: { add: ['SYS_CHROOT'] },
      runAsUser: 0,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // Ready only while the runtime is live on this node; Argo CD and a rolling update wait for it.
    readinessProbe: { ...probe('test', '-f', '/tmp/ready'), initialDelaySeconds: 5, periodSeconds: 10 },
    // The coordinator touches the file at every step of every wait.
    livenessProbe: {
      ...probe('/bin/sh', '-c', 'test -n "$(find /tmp/alive -mmin -10)"'),
      initialDelaySeconds: 60,
      periodSeconds: 60,
    },
    volumeMounts: [
      { name: 'host', mountPath: '/host', mountPropagation: 'HostToContainer' },
      { name: 'scratch', mountPath: '/tmp' },
      { name: 'programs', mountPath: PROGRAMS_PATH, readOnly: true },
      { name: 'settings', mountPath: '/settings', readOnly: true },
    ],
  };
}
