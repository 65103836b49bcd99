/**
 * Manifests that must pass and must fail, rule by rule. The table is run through `SystemPodRules.check`, the validation of
 * constructs, the plugin of `cdk8s synth --validate`, the command and, on a real API server, the admission policies.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

export interface Row {
  readonly rule: string;
  readonly name: string;
  /** One or several objects; the first is the one that is judged. */
  readonly manifests: Json[];
  /** Where the rule is not followed, from the root of the first manifest; absent when it is followed. */
  readonly at?: string;
  /** True where the API server itself refuses the object, whatever policies there are. */
  readonly refusedByApi?: boolean;
}

const CONTAINER = { name: 'main', image: 'registry.example/app:1' };
const SPEC = { runtimeClassName: 'sysbox-runc', hostUsers: false, enableServiceLinks: false };

/** A pod that follows every rule, but for what is given. */
export function podSpec(spec: Json = {}): Json {
  return { ...SPEC, containers: [CONTAINER], ...spec };
}

export function pod(spec: Json = {}, metadata: Json = {}): Json {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'it', ...metadata }, spec: podSpec(spec) };
}

/** The pod with something added to its container. */
export function container(fields: Json, spec: Json = {}): Json {
  return pod({ containers: [{ ...CONTAINER, ...fields }], ...spec });
}

/** The same pod spec in a workload. */
export function workload(kind: string, spec: Json, fields: Json = {}, metadata: Json = {}): Json {
  const labels = { app: 'it' };
  const template = { metadata: { labels, ...metadata }, spec: { ...spec, ...restartOf(kind) } };
  const object = { metadata: { name: 'it' } };
  const selector = { matchLabels: labels };
  switch (kind) {
    case 'Pod':
      return { apiVersion: 'v1', kind, metadata: { name: 'it', labels, ...metadata }, spec };
    case 'Job':
      return { apiVersion: 'batch/v1', kind, ...object, spec: { template, ...fields } };
    case 'CronJob':
      return {
        apiVersion: 'batch/v1',
        kind,
        ...object,
        spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template } }, ...fields },
      };
    case 'ReplicationController':
      return { apiVersion: 'v1', kind, ...object, spec: { template, selector: labels, ...fields } };
    case 'StatefulSet':
      return { apiVersion: 'apps/v1', kind, ...object, spec: { template, selector, serviceName: 'it', ...fields } };
    default:
      return { apiVersion: 'apps/v1', kind, ...object, spec: { template, selector, ...fields } };
  }
}

function restartOf(kind: string): Json {
  return kind === 'Job' || kind === 'CronJob' ? { restartPolicy: 'Never' } : {};
}

const DOCKER = '/var/lib/docker';
const claimVolume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
const claimed = podSpec({
  containers: [{ ...CONTAINER, volumeMounts: [{ name: 'data', mountPath: DOCKER }] }],
  volumes: [claimVolume],
});
const claim = (modes: string[]) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data' },
  spec: { accessModes: modes, resources: { requests: { storage: '1Gi' } } },
});
const emptyDir = { volumes: [{ name: 'data', emptyDir: {} }] };
const dataMount = { name: 'data', mountPath: '/data' };
const nfs = { server: 'nfs.example', path: '/' };
/** A pod with a volume of this source. */
const inline = (source: Json) => ({ volumes: [{ name: 'data', ...source }] });
const volume = (spec: Json) => ({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'home' }, spec });
const bound = { ...claim(['ReadWriteMany']), spec: { ...claim(['ReadWriteMany']).spec, volumeName: 'home' } };
const claimOfClass = (mode = 'ReadWriteOnce') => ({
  ...claim([mode]),
  spec: { ...claim([mode]).spec, storageClassName: 'shared' },
});
const storageClass = (provisioner: string, annotations?: Json) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'shared', annotations },
  provisioner,
});
const mounted = (...paths: string[]) => ({ volumeMounts: paths.map((mountPath) => ({ name: 'data', mountPath })) });

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const configMap = (text: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'it' },
  data: { text },
});

type Case = [name: string, manifests: Json | Json[], at?: string, more?: Partial<Row>];

const cases: Record<string, Case[]> = {
  'host-users': [
    ['hostUsers false', pod()],
    [
      "CRI-O's annotation",
      pod({ hostUsers: undefined }, { annotations: { 'io.kubernetes.cri-o.userns-mode': 'auto:size=65536' } }),
      'spec.hostUsers',
    ],
    [
      "hostUsers false and CRI-O's annotation",
      pod({}, { annotations: { 'io.kubernetes.cri-o.userns-mode': 'auto:size=65536' } }),
    ],
    ['hostUsers missing', pod({ hostUsers: undefined }), 'spec.hostUsers'],
    ['hostUsers true', pod({ hostUsers: true }), 'spec.hostUsers'],
  ],
  privileged: [
    ['privileged false', container({ securityContext: { privileged: false } })],
    [
      'a privileged container',
      container({ securityContext: { privileged: true } }),
      'spec.containers[0].securityContext.privileged',
    ],
    [
      'a privileged init container',
      pod({ initContainers: [{ ...CONTAINER, name: 'init', securityContext: { privileged: true } }] }),
      'spec.initContainers[0].securityContext.privileged',
    ],
  ],
  'host-namespaces': [
    ['all of them false', pod({ hostNetwork: false, hostPID: false, hostIPC: false })],
    ['hostNetwork', pod({ hostNetwork: true }), 'spec.hostNetwork', { refusedByApi: true }],
    ['hostPID', pod({ hostPID: true }), 'spec.hostPID', { refusedByApi: true }],
    ['hostIPC', pod({ hostIPC: true }), 'spec.hostIPC', { refusedByApi: true }],
  ],
  'share-process-namespace': [
    ['false', pod({ shareProcessNamespace: false })],
    ['true', pod({ shareProcessNamespace: true }), 'spec.shareProcessNamespace'],
  ],
  'sysbox-env': [
    ['a known switch', container({ env: [{ name: 'SYSBOX_HONOR_CAPS', value: 'TRUE' }] })],
    ['known paths', container({ env: [{ name: 'SYSBOX_SKIP_UID_SHIFT', value: '/var/lib/a,/b' }] })],
    ['another variable', container({ env: [{ name: 'SYS', value: '1' }] })],
    [
      'a known one from elsewhere',
      container({ env: [{ name: 'SYSBOX_SYSCONT_MODE', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }] }),
    ],
    [
      'an unknown variable',
      container({
        env: [
          { name: 'A', value: '1' },
          { name: 'SYSBOX_FOO', value: '1' },
        ],
      }),
      'spec.containers[0].env[1]',
    ],
    [
      'a switch in lower case',
      container({ env: [{ name: 'SYSBOX_HONOR_CAPS', value: 'true' }] }),
      'spec.containers[0].env[0]',
    ],
    ['a switch without a value', container({ env: [{ name: 'SYSBOX_HONOR_CAPS' }] }), 'spec.containers[0].env[0]'],
    [
      'a relative path',
      container({ env: [{ name: 'SYSBOX_SKIP_UID_SHIFT', value: '/a,b' }] }),
      'spec.containers[0].env[0]',
    ],
    [
      'a prefix that makes unknown variables',
      container({ envFrom: [{ prefix: 'SYSBOX_', configMapRef: { name: 'a' } }] }),
      'spec.containers[0].envFrom[0]',
    ],
  ],
  'service-links': [
    ['off', pod()],
    ['on by default', pod({ enableServiceLinks: undefined }), 'spec.enableServiceLinks'],
    ['on', pod({ enableServiceLinks: true }), 'spec.enableServiceLinks'],
  ],
  'volume-devices': [
    ['none', pod()],
    [
      'one',
      container({ volumeDevices: [{ name: 'data', devicePath: '/dev/x' }] }, { volumes: [claimVolume] }),
      'spec.containers[0].volumeDevices',
      { refusedByApi: true },
    ],
  ],
  'host-path': [
    ['an emptyDir', pod(emptyDir)],
    [
      'a hostPath',
      pod({
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'b', hostPath: { path: '/' } },
        ],
      }),
      'spec.volumes[1].hostPath',
    ],
  ],
  'mount-propagation': [
    ['HostToContainer', container({ volumeMounts: [{ ...dataMount, mountPropagation: 'HostToContainer' }] }, emptyDir)],
    [
      'Bidirectional',
      container({ volumeMounts: [{ ...dataMount, mountPropagation: 'Bidirectional' }] }, emptyDir),
      'spec.containers[0].volumeMounts[0].mountPropagation',
      { refusedByApi: true },
    ],
    [
      'Bidirectional of a privileged init container',
      pod({
        ...emptyDir,
        initContainers: [
          {
            ...CONTAINER,
            name: 'init',
            securityContext: { privileged: true },
            volumeMounts: [{ ...dataMount, mountPropagation: 'Bidirectional' }],
          },
        ],
      }),
      'spec.initContainers[0].volumeMounts[0].mountPropagation',
    ],
  ],
  'recursive-read-only': [
    [
      'IfPossible',
      container({ volumeMounts: [{ ...dataMount, readOnly: true, recursiveReadOnly: 'IfPossible' }] }, emptyDir),
    ],
    [
      'Enabled',
      container({ volumeMounts: [{ ...dataMount, readOnly: true, recursiveReadOnly: 'Enabled' }] }, emptyDir),
      'spec.containers[0].volumeMounts[0].recursiveReadOnly',
    ],
  ],
  windows: [
    ['Linux', pod({ os: { name: 'linux' } })],
    ['Windows', pod({ os: { name: 'windows' } }), 'spec.os.name', { refusedByApi: true }],
  ],
  'id-mapped-mounts': [
    ['an emptyDir', pod(emptyDir)],
    ['block storage by CSI', pod(inline({ csi: { driver: 'ebs.csi.aws.com' } }))],
    ['NFS', pod(inline({ nfs })), 'spec.volumes[0]'],
    ['Azure Files', pod(inline({ azureFile: { secretName: 'a', shareName: 'b' } })), 'spec.volumes[0]'],
    ['NFS by CSI', pod(inline({ csi: { driver: 'nfs.csi.k8s.io' } })), 'spec.volumes[0]'],
    ['SMB by CSI', pod(inline({ csi: { driver: 'smb.csi.k8s.io' } })), 'spec.volumes[0]'],
    ['CephFS by CSI', pod(inline({ csi: { driver: 'rook-ceph.cephfs.csi.ceph.com' } })), 'spec.volumes[0]'],
  ],
  'id-mapped-claims': [
    ['a claim of which nothing is known', pod({ volumes: [claimVolume] })],
    ['a claim of a local volume', [pod({ volumes: [claimVolume] }), bound, volume({ local: { path: '/mnt/a' } })]],
    ['a claim of block storage', [pod({ volumes: [claimVolume] }), claimOfClass(), storageClass('driver.longhorn.io')]],
    [
      'a claim in another namespace',
      [pod({ volumes: [claimVolume] }), { ...bound, metadata: { name: 'data', namespace: 'other' } }, volume({ nfs })],
    ],
    ['a claim of an NFS volume', [pod({ volumes: [claimVolume] }), bound, volume({ nfs })], 'spec.volumes[0]'],
    [
      'a claim for which an NFS volume is reserved',
      [pod({ volumes: [claimVolume] }), volume({ nfs, claimRef: { name: 'data' } })],
      'spec.volumes[0]',
    ],
    [
      'a claim of a CSI volume',
      [pod({ volumes: [claimVolume] }), bound, volume({ csi: { driver: 'file.csi.azure.com', volumeHandle: 'a' } })],
      'spec.volumes[0]',
    ],
    [
      'a claim of a StorageClass',
      [pod({ volumes: [claimVolume] }), claimOfClass(), storageClass('cluster.local/nfs-subdir-external-provisioner')],
      'spec.volumes[0]',
    ],
    [
      'a claim of the default StorageClass',
      [
        pod({ volumes: [claimVolume] }),
        claim(['ReadWriteOnce']),
        storageClass('efs.csi.aws.com', { 'storageclass.kubernetes.io/is-default-class': 'true' }),
      ],
      'spec.volumes[0]',
    ],
    [
      'a shared claim of Longhorn',
      [pod({ volumes: [claimVolume] }), claimOfClass('ReadWriteMany'), storageClass('driver.longhorn.io')],
      'spec.volumes[0]',
    ],
    [
      'an ephemeral claim',
      [
        pod(inline({ ephemeral: { volumeClaimTemplate: { spec: claimOfClass().spec } } })),
        storageClass('smb.csi.k8s.io'),
      ],
      'spec.volumes[0]',
    ],
    [
      'a claim template',
      [
        workload('StatefulSet', podSpec({ containers: [{ ...CONTAINER, ...mounted('/data') }] }), {
          volumeClaimTemplates: [claimOfClass()],
        }),
        storageClass('nfs.csi.k8s.io'),
      ],
      'spec.template.spec.containers[0].volumeMounts[0]',
    ],
  ],
  'proc-mount': [
    ['Default', container({ securityContext: { procMount: 'Default' } })],
    [
      'Unmasked',
      container({ securityContext: { procMount: 'Unmasked' } }),
      'spec.containers[0].securityContext.procMount',
    ],
  ],
  'uid-range': [
    ['the last id', container({ securityContext: { runAsUser: 65535, runAsGroup: 0 } })],
    [
      "ids of the pod's that fit",
      pod({ securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, supplementalGroups: [5] } }),
    ],
    [
      'a user of a container',
      container({ securityContext: { runAsUser: 65536 } }),
      'spec.containers[0].securityContext.runAsUser',
    ],
    [
      'a group of a container',
      container({ securityContext: { runAsGroup: 100000 } }),
      'spec.containers[0].securityContext.runAsGroup',
    ],
    ['a user of the pod', pod({ securityContext: { runAsUser: 65536 } }), 'spec.securityContext.runAsUser'],
    ['a group of the pod', pod({ securityContext: { runAsGroup: 65536 } }), 'spec.securityContext.runAsGroup'],
    ['an fsGroup', pod({ securityContext: { fsGroup: 65536 } }), 'spec.securityContext.fsGroup'],
    [
      'a supplemental group',
      pod({ securityContext: { supplementalGroups: [1, 65536] } }),
      'spec.securityContext.supplementalGroups[1]',
    ],
  ],
  'node-label': [
    ['no selector', pod()],
    ['another label', pod({ nodeSelector: { disk: 'ssd' } })],
    ['the label as the class has it', pod({ nodeSelector: { 'sysbox-runtime': 'running' } })],
    ['the label otherwise', pod({ nodeSelector: { 'sysbox-runtime': 'yes' } }), 'spec.nodeSelector.sysbox-runtime'],
  ],
  'systemd-argv0': [
    ['no command', pod()],
    ['exactly /sbin/init', container({ command: ['/sbin/init'] })],
    ['a shell without systemd', container({ command: ['sh', '-c', 'echo initial; sleep 9'] })],
    ['the /init of s6', container({ command: ['/init'] })],
    ['exactly /sbin/init as an argument', container({ args: ['/sbin/init'] })],
    ['systemd as an argument', container({ args: ['/usr/lib/systemd/systemd'] }), 'spec.containers[0].args'],
    ['systemd by its path', container({ command: ['/lib/systemd/systemd'] }), 'spec.containers[0].command'],
    ['systemd by its name', container({ command: ['systemd'] }), 'spec.containers[0].command'],
    ['init elsewhere', container({ command: ['/usr/sbin/init'] }), 'spec.containers[0].command'],
    [
      'a shell that starts it',
      container({ command: ['/bin/bash', '-c', 'setup && exec /sbin/init'] }),
      'spec.containers[0].command',
    ],
    [
      'a small init before it',
      container({ command: ['tini', '--'], args: ['/sbin/init'] }),
      'spec.containers[0].command',
    ],
  ],
  'systemd-run-mount': [
    ['a mount below /run', container({ command: ['/sbin/init'], ...mounted('/run/data') }, emptyDir)],
    ['a mount at /run without systemd', container({ command: ['sleep', '9'], ...mounted('/run') }, emptyDir)],
    [
      'a mount at /run of systemd by its arguments',
      container({ args: ['/sbin/init'], ...mounted('/run') }, emptyDir),
      'spec.containers[0].volumeMounts[0]',
    ],
    [
      'a mount at /run',
      container({ command: ['/sbin/init'], ...mounted('/run') }, emptyDir),
      'spec.containers[0].volumeMounts[0]',
    ],
    [
      'a mount at /run/lock/',
      container({ command: ['/sbin/init'], ...mounted('/data', '/run/lock/') }, emptyDir),
      'spec.containers[0].volumeMounts[1]',
    ],
  ],
  'cgroup-mount': [
    ['a mount elsewhere in /sys', container(mounted('/sys/fs/cgroups'), emptyDir)],
    ['a mount at it', container(mounted('/sys/fs/cgroup'), emptyDir), 'spec.containers[0].volumeMounts[0]'],
    ['a mount under it', container(mounted('/sys/fs/cgroup/memory'), emptyDir), 'spec.containers[0].volumeMounts[0]'],
  ],
  'engine-non-root': [
    ['an engine as root', container({ command: ['dockerd'] })],
    ['another program as somebody', container({ command: ['sleep', '9'], securityContext: { runAsUser: 1000 } })],
    [
      'an engine as root in a pod of somebody',
      container({ command: ['dockerd'], securityContext: { runAsUser: 0 } }, { securityContext: { runAsUser: 1000 } }),
    ],
    [
      'systemd as somebody',
      container({ command: ['/sbin/init'], securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      'an engine in a pod of somebody',
      container({ command: ['/usr/bin/dockerd'] }, { securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      'another program in the image of an engine as somebody',
      container({ image: 'docker:29-dind', args: ['docker', 'ps'], securityContext: { runAsUser: 1000 } }),
    ],
    [
      'an engine that its image brings as somebody',
      container({ image: 'docker:29-dind', args: ['--mtu=1400'], securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      'K3s that its image brings in a pod of somebody',
      container({ image: 'rancher/k3s:v1.36.2-k3s1', args: ['server'] }, { securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      "Docker's own entry point as somebody",
      container({ command: ['dockerd-entrypoint.sh'], securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      'an engine that a shell starts as somebody',
      container({ command: ['sh', '-c', 'dockerd & sleep 9'], securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      'an engine that sudo starts',
      container({ command: ['sh', '-c', 'sudo dockerd & sleep 9'], securityContext: { runAsUser: 1000 } }),
    ],
    [
      'podman as somebody',
      container({ command: ['podman', 'system', 'service'], securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      'buildah in a script as somebody',
      container({ command: ['bash', '-c'], args: ['buildah bud .'], securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      'systemd by its arguments as somebody',
      container({ args: ['/sbin/init'], securityContext: { runAsUser: 1000 } }),
      'spec.containers[0].securityContext',
    ],
    [
      'the remote client of podman as somebody',
      container({ command: ['sh', '-c', 'podman --remote ps'], securityContext: { runAsUser: 1000 } }),
    ],
    [
      'an engine with runAsNonRoot',
      container({ command: ['k3s', 'server'], securityContext: { runAsNonRoot: true } }),
      'spec.containers[0].securityContext',
    ],
  ],
  'engine-read-only-root': [
    ['an engine', container({ command: ['dockerd'], securityContext: { readOnlyRootFilesystem: false } })],
    ['another program', container({ command: ['sleep', '9'], securityContext: { readOnlyRootFilesystem: true } })],
    [
      'an engine on a read-only root',
      container({ command: ['dockerd'], securityContext: { readOnlyRootFilesystem: true } }),
      'spec.containers[0].securityContext.readOnlyRootFilesystem',
    ],
    [
      'an engine that its image brings on a read-only root',
      container({ image: 'docker:29-dind', securityContext: { readOnlyRootFilesystem: true } }),
      'spec.containers[0].securityContext.readOnlyRootFilesystem',
    ],
    [
      'systemd on a read-only root',
      container({ command: ['/sbin/init'], securityContext: { readOnlyRootFilesystem: true } }),
      'spec.containers[0].securityContext.readOnlyRootFilesystem',
    ],
  ],
  'nested-user-namespace': [
    ['dockerd as it is', container({ command: ['dockerd'] })],
    ['userns-remap', container({ command: ['dockerd', '--userns-remap=default'] }), 'spec.containers[0]'],
    ['rootless K3s', container({ command: ['k3s', 'server', '--rootless'] }), 'spec.containers[0]'],
    ['the rootless image', container({ image: 'docker:29-dind-rootless' }), 'spec.containers[0]'],
    ['the rootless BuildKit', container({ image: 'moby/buildkit:v0.20-rootless' }), 'spec.containers[0]'],
  ],
  'special-directory-shared': [
    ['one owner', container(mounted(DOCKER), emptyDir)],
    [
      'parts of one volume',
      container(
        {
          volumeMounts: [
            { name: 'data', mountPath: DOCKER, subPath: 'a' },
            { name: 'data', mountPath: '/var/lib/kubelet', subPath: 'b' },
          ],
        },
        emptyDir,
      ),
    ],
    [
      'an init container that fills it before',
      pod({
        ...emptyDir,
        initContainers: [{ ...CONTAINER, name: 'fill', ...mounted(DOCKER) }],
        containers: [{ ...CONTAINER, ...mounted(DOCKER) }],
      }),
    ],
    [
      'two directories in one volume',
      container(mounted(DOCKER, '/var/lib/rancher/k3s'), emptyDir),
      'spec.containers[0].volumeMounts[1]',
    ],
    [
      'two containers',
      pod({
        ...emptyDir,
        containers: [
          { ...CONTAINER, ...mounted(DOCKER) },
          { ...CONTAINER, name: 'other', ...mounted('/data', `${DOCKER}/`) },
        ],
      }),
      'spec.containers[1].volumeMounts[1]',
    ],
    [
      'a sidecar and a container',
      pod({
        ...emptyDir,
        initContainers: [{ ...CONTAINER, name: 'side', restartPolicy: 'Always', ...mounted(DOCKER) }],
        containers: [{ ...CONTAINER, ...mounted(DOCKER) }],
      }),
      'spec.containers[0].volumeMounts[0]',
    ],
  ],
  'special-directory-pods': [
    ['a pod with a claim', [{ ...pod(), spec: claimed }]],
    ['one pod that is recreated', [workload('Deployment', claimed, { replicas: 1, strategy: { type: 'Recreate' } })]],
    [
      'one pod without surge',
      [workload('Deployment', claimed, { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } })],
    ],
    ['no pod', [workload('Deployment', claimed, { replicas: 0 })]],
    ['one job', [workload('Job', claimed)]],
    ['one job at a time', [workload('CronJob', claimed, { concurrencyPolicy: 'Forbid' })]],
    ['several pods with no claim', [workload('Deployment', podSpec(), { replicas: 3 })]],
    [
      'a part of the claim for each pod',
      [
        workload(
          'StatefulSet',
          podSpec({
            containers: [
              {
                ...CONTAINER,
                env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
                volumeMounts: [{ name: 'data', mountPath: DOCKER, subPathExpr: '$(POD)' }],
              },
            ],
            volumes: [claimVolume],
          }),
          { replicas: 3 },
        ),
      ],
    ],
    [
      'a rolling update of one pod',
      [workload('Deployment', claimed)],
      'spec.template.spec.containers[0].volumeMounts[0]',
    ],
    [
      'a set of several pods',
      [workload('StatefulSet', claimed, { replicas: 2 })],
      'spec.template.spec.containers[0].volumeMounts[0]',
    ],
    ['a pod on each node', [workload('DaemonSet', claimed)], 'spec.template.spec.containers[0].volumeMounts[0]'],
    [
      'a parallel job',
      [workload('Job', claimed, { parallelism: 2 })],
      'spec.template.spec.containers[0].volumeMounts[0]',
    ],
    [
      'jobs that can overlap',
      [workload('CronJob', claimed)],
      'spec.jobTemplate.spec.template.spec.containers[0].volumeMounts[0]',
    ],
  ],
  'special-directory-access-mode': [
    ['a ReadWriteOnce claim', [{ ...pod(), spec: claimed }, claim(['ReadWriteOnce'])]],
    [
      'a ReadWriteMany claim elsewhere',
      [container(mounted('/data'), { volumes: [claimVolume] }), claim(['ReadWriteMany'])],
    ],
    [
      'a ReadWriteMany claim',
      [{ ...pod(), spec: claimed }, claim(['ReadWriteMany'])],
      'spec.containers[0].volumeMounts[0]',
    ],
    [
      'a ReadWriteMany claim template',
      [
        workload('StatefulSet', podSpec({ containers: [{ ...CONTAINER, ...mounted(DOCKER) }] }), {
          volumeClaimTemplates: [claim(['ReadWriteMany'])],
        }),
      ],
      'spec.template.spec.containers[0].volumeMounts[0]',
    ],
    [
      'a ReadWriteMany ephemeral claim',
      [
        container(mounted(DOCKER), {
          volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: { spec: claim(['ReadWriteMany']).spec } } }],
        }),
      ],
      'spec.containers[0].volumeMounts[0]',
    ],
  ],
  'special-directory-exact': [
    ['exactly it', container(mounted(DOCKER), emptyDir)],
    ['below it', container(mounted(`${DOCKER}/volumes`), emptyDir)],
    ['a name that only begins like it', container(mounted('/var/lib/dock'), emptyDir)],
    [
      'above all and exactly each',
      container(
        {
          volumeMounts: [
            { name: 'data', mountPath: '/var/lib/rancher', subPath: 'a' },
            { name: 'data', mountPath: '/var/lib/rancher/k3s', subPath: 'b' },
            { name: 'data', mountPath: '/var/lib/rancher/rke2', subPath: 'c' },
          ],
        },
        emptyDir,
      ),
    ],
    ['above it', container(mounted('/var/lib/containerd'), emptyDir), 'spec.containers[0].volumeMounts[0]'],
    ['far above it', container(mounted('/var/lib/'), emptyDir), 'spec.containers[0].volumeMounts[0]'],
  ],
  'implicit-storage': [
    ['no engine', container({ command: ['sleep', '9'] })],
    ['dockerd with a volume', container({ command: ['dockerd'], ...mounted(DOCKER) }, emptyDir)],
    ['a client', container({ command: ['docker', 'info'] })],
    [
      'another command in the image of the engine',
      container({ image: 'docker:29-dind', command: ['docker', 'version'] }),
    ],
    ['dockerd without a volume', container({ command: ['dockerd'] }), 'spec.containers[0]'],
    ['a shell that starts dockerd', container({ command: ['sh', '-c', 'dockerd & sleep 9'] }), 'spec.containers[0]'],
    ['the image of the engine', container({ image: 'docker:29-dind' }), 'spec.containers[0]'],
    ['a directory that is called like an engine', container({ command: ['tar', 'c', '/var/lib/rancher/k3s'] })],
    ['a script about such a directory', container({ command: ['sh', '-c', 'cd /mnt/k3s && ls /srv/containerd'] })],
    ['the program of an engine that is copied', container({ command: ['sh', '-c', 'cp /usr/bin/dockerd /opt'] })],
    ['a release that is called like an engine', container({ command: ['helm', 'upgrade', 'k3s', './chart'] })],
    ['an engine from any directory', container({ command: ['/opt/k3s/k3s', 'server'] }), 'spec.containers[0]'],
    [
      "an engine that an image's own entry point starts",
      container({ command: ['/docker-entrypoint.sh'], args: ['dockerd'] }),
      'spec.containers[0]',
    ],
    [
      'an engine in the middle of a script',
      container({
        command: ['bash', '-c', 'set -e; if true; then HOME=/root exec /usr/local/bin/dockerd --debug; fi'],
      }),
      'spec.containers[0]',
    ],
    [
      'an engine on a line of its own',
      container({ command: ['sh', '-c', 'true\n  k3s server\n'] }),
      'spec.containers[0]',
    ],
    ['k3s', container({ command: ['/bin/k3s', 'server'] }), 'spec.containers[0]'],
    ['podman with a volume', container({ command: ['podman'], ...mounted('/var/lib/containers') }, emptyDir)],
    ['podman', container({ command: ['podman', 'system', 'service'] }), 'spec.containers[0]'],
    ['the entry point of Docker', container({ command: ['dockerd-entrypoint.sh'] }), 'spec.containers[0]'],
    ['an image derived from Docker', container({ image: 'registry.example/ci/docker-dind:1' }), 'spec.containers[0]'],
    [
      'buildkitd with a volume elsewhere',
      container({ command: ['buildkitd'], ...mounted(DOCKER) }, emptyDir),
      'spec.containers[0]',
    ],
  ],
  'data-root': [
    ['no flag', container({ command: ['dockerd'] })],
    ['the default directory', container({ command: ['dockerd', '--data-root=/var/lib/docker'] })],
    [
      'the default directory in two words',
      container({ command: ['k3s', 'server', '--data-dir', '/var/lib/rancher/k3s'] }),
    ],
    ['another directory', container({ command: ['dockerd', '--data-root=/data'] }), 'spec.containers[0]'],
    ['another directory in two words', container({ args: ['server', '--data-dir', '/data'] }), 'spec.containers[0]'],
  ],
  'docker-without-tls': [
    ['a socket', container({ command: ['dockerd', '--host=unix:///run/d/docker.sock'] })],
    ['TLS', container({ command: ['dockerd', '-H', 'tcp://0.0.0.0:2376', '--tlsverify'] })],
    ['only inside the pod', container({ command: ['dockerd', '-H', 'tcp://127.0.0.1:2375'] })],
    ['certificates somewhere', container({ env: [{ name: 'DOCKER_TLS_CERTDIR', value: '/certs' }] })],
    ['a client', container({ command: ['sh', '-c', 'docker -H tcp://builder:2375 ps'] })],
    [
      'a socket and no certificates',
      container({ args: ['dockerd', '-H', 'unix:///run/d.sock'], env: [{ name: 'DOCKER_TLS_CERTDIR', value: '' }] }),
    ],
    ['an open port', container({ command: ['dockerd', '-H', 'tcp://0.0.0.0:2375'] }), 'spec.containers[0]'],
    ['an open port without a scheme', container({ command: ['dockerd', '-H', '0.0.0.0:2375'] }), 'spec.containers[0]'],
    ['one of all addresses', container({ command: ['sh', '-c', 'dockerd --host=:2375'] }), 'spec.containers[0]'],
    [
      'an engine and its client',
      container({ command: ['sh', '-c', 'dockerd -H tcp://0.0.0.0:2375 & docker ps'] }),
      'spec.containers[0]',
    ],
    ['no certificates', container({ env: [{ name: 'DOCKER_TLS_CERTDIR', value: '' }] }), 'spec.containers[0]'],
  ],
  'host-ports': [
    ['a port', container({ ports: [{ containerPort: 80 }] })],
    [
      'a port of the host',
      container({ ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 81 }] }),
      'spec.containers[0].ports[1].hostPort',
    ],
  ],
  capabilities: [
    ['all dropped', container({ securityContext: { capabilities: { drop: ['ALL'] } } })],
    ['one of the usual', container({ securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } } })],
    [
      'an unusual one',
      container({ securityContext: { capabilities: { add: ['CHOWN', 'NET_ADMIN'] } } }),
      'spec.containers[0].securityContext.capabilities.add',
    ],
  ],
  sysctls: [
    ['a safe one', pod({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } })],
    ['one that is safe since 1.32', pod({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } })],
    [
      'an unsafe one',
      pod({ securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } }),
      'spec.securityContext.sysctls[0]',
    ],
  ],
  unconfined: [
    [
      'RuntimeDefault',
      container(
        { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
        { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      ),
    ],
    [
      'seccomp of the pod',
      pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }),
      'spec.securityContext.seccompProfile',
    ],
    [
      'seccomp of a container',
      container({ securityContext: { seccompProfile: { type: 'Unconfined' } } }),
      'spec.containers[0].securityContext.seccompProfile',
    ],
    [
      'AppArmor of the pod',
      pod({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
      'spec.securityContext.appArmorProfile',
    ],
    [
      'AppArmor by annotation',
      pod({}, { annotations: { [`${APP_ARMOR}main`]: 'unconfined' } }),
      `metadata.annotations['${APP_ARMOR}main']`,
    ],
    [
      'AppArmor of a container',
      container({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
      'spec.containers[0].securityContext.appArmorProfile',
    ],
  ],
  'app-armor': [
    ['runtime/default by annotation', pod({}, { annotations: { [`${APP_ARMOR}main`]: 'runtime/default' } })],
    [
      'a profile by annotation',
      pod({}, { annotations: { [`${APP_ARMOR}main`]: 'localhost/x' } }),
      `metadata.annotations['${APP_ARMOR}main']`,
    ],
    ['RuntimeDefault', pod({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } })],
    [
      'a profile of the pod',
      pod({ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } } }),
      'spec.securityContext.appArmorProfile',
    ],
    [
      'a profile of a container',
      container({ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } } }),
      'spec.containers[0].securityContext.appArmorProfile',
    ],
  ],
  'se-linux': [
    ['the usual type', container({ securityContext: { seLinuxOptions: { type: 'container_t' } } })],
    ['that of engines', container({ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } })],
    [
      'another type',
      container({ securityContext: { seLinuxOptions: { type: 'spc_t' } } }),
      'spec.containers[0].securityContext.seLinuxOptions',
    ],
    [
      'a user of its own',
      pod({ securityContext: { seLinuxOptions: { user: 'a' } } }),
      'spec.securityContext.seLinuxOptions',
    ],
    [
      'a role of its own',
      pod({ securityContext: { seLinuxOptions: { role: 'a' } } }),
      'spec.securityContext.seLinuxOptions',
    ],
  ],
  'probe-host': [
    [
      'the pod itself',
      container({ livenessProbe: { httpGet: { port: 80 } }, readinessProbe: { exec: { command: ['true'] } } }),
    ],
    [
      'a host in a probe',
      container({ startupProbe: { httpGet: { port: 80, host: '10.0.0.1' } } }),
      'spec.containers[0].startupProbe.httpGet.host',
    ],
    [
      'a host in a TCP probe',
      container({ readinessProbe: { tcpSocket: { port: 80, host: '10.0.0.1' } } }),
      'spec.containers[0].readinessProbe.tcpSocket.host',
    ],
    [
      'a host in a hook',
      container({ lifecycle: { preStop: { httpGet: { port: 80, host: '10.0.0.1' } } } }),
      'spec.containers[0].lifecycle.preStop.httpGet.host',
    ],
  ],
  devices: [
    [
      'CPU, memory and pages',
      container({ resources: { limits: { cpu: '1', memory: '1Gi', 'hugepages-2Mi': '2Mi' } } }),
    ],
    [
      'a GPU',
      container({ resources: { limits: { cpu: '1', 'nvidia.com/gpu': '1' } } }),
      "spec.containers[0].resources.limits['nvidia.com/gpu']",
    ],
    [
      'a resource claim',
      pod({ resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] }),
      'spec.resourceClaims[0]',
    ],
  ],
  'unrecognized-pod': [
    ['a pod', pod()],
    ['the RuntimeClass itself', { kind: 'RuntimeClass', metadata: { name: 'sysbox-runc' }, handler: 'sysbox-runc' }],
    [
      'the settings of the installer',
      {
        ...configMap(''),
        metadata: { name: 'it', labels: { 'app.kubernetes.io/name': 'sysbox-installer' } },
        data: { RUNTIME_CLASS: 'sysbox-runc' },
      },
    ],
    ['a path of the runtime', configMap('exec /usr/bin/sysbox-runc features')],
    ['a configuration', configMap('[runners.kubernetes]\n  runtime_class_name = "sysbox-runc"\n'), 'data.text'],
    ['an argument', configMap('executor --runtime-class=sysbox-runc'), 'data.text'],
    [
      'an environment variable',
      workload('Deployment', {
        containers: [{ ...CONTAINER, env: [{ name: 'KUBERNETES_RUNTIME_CLASS_NAME', value: 'sysbox-runc' }] }],
      }),
      'spec.template.spec.containers[0].env[0].value',
    ],
    [
      'values of a chart',
      {
        apiVersion: 'helm.toolkit.fluxcd.io/v2',
        kind: 'HelmRelease',
        metadata: { name: 'it' },
        spec: { values: { runner: { runtimeClassName: 'sysbox-runc' } } },
      },
      'spec.values.runner.runtimeClassName',
    ],
  ],
  'image-name': [
    [
      'a registry with a port, a path and a digest',
      container({ image: `R.Example:5000/a/b_c@sha256:${'0'.repeat(64)}` }),
    ],
    ['a name that Argo fills in', container({ image: '{{inputs.parameters.Image}}:1.0' })],
    ['a name that Tekton fills in', container({ image: '$(params.IMAGE):1.0' })],
    ['upper case', container({ image: 'docker.io/library/Ubuntu:24.04' }), 'spec.containers[0].image'],
    ['a scheme', container({ image: 'https://r.example/a:1' }), 'spec.containers[0].image'],
    ['a space', container({ image: 'ubuntu: 24.04' }), 'spec.containers[0].image'],
  ],
  'image-tag': [
    ['a tag', container({ image: 'localhost:5000/a/b:1.2-x' })],
    ['a digest', container({ image: `a@sha256:${'0'.repeat(64)}` })],
    ['a tag and a digest', container({ image: `a:latest@sha256:${'0'.repeat(64)}` })],
    ['no tag', container({ image: 'localhost:5000/a' }), 'spec.containers[0].image'],
    ['latest', container({ image: 'a:latest' }), 'spec.containers[0].image'],
  ],
};

export const table: Row[] = Object.entries(cases).flatMap(([rule, rows]) =>
  rows.map(([name, manifests, at, more]): Row => {
    return { rule, name, manifests: JSON.parse(JSON.stringify([manifests].flat())), at, ...more };
  }),
);
