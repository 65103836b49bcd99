import { SystemPodRules } from '../../src/rules';
import { buildTimeout } from '../cluster/build';
import { hasGo, podFields } from '../policy/cel';

/** The rules about a field of the pod API, or why every value of it works in a user namespace under Sysbox. */
type Judgement = string[] | 'scheduling' | 'identity' | 'network' | 'life cycle' | 'process' | 'contents' | 'removed';

const JUDGED: Record<string, Record<string, Judgement>> = {
  PodSpec: {
    ...all(
      'scheduling',
      'nodeName affinity schedulerName tolerations priorityClassName priority readinessGates preemptionPolicy',
    ),
    ...all('scheduling', 'overhead topologySpreadConstraints schedulingGates resources schedulingGroup'),
    ...all(
      'identity',
      'serviceAccountName serviceAccount automountServiceAccountToken imagePullSecrets hostname subdomain',
    ),
    ...all('identity', 'setHostnameAsFQDN hostnameOverride runtimeClassName'),
    ...all('network', 'dnsPolicy dnsConfig hostAliases'),
    ...all('life cycle', 'restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds evictionResponders'),
    ...all('contents', 'containers initContainers ephemeralContainers volumes securityContext'),
    hostNetwork: ['host-namespaces'],
    hostPID: ['host-namespaces'],
    hostIPC: ['host-namespaces'],
    shareProcessNamespace: ['share-process-namespace'],
    enableServiceLinks: ['service-links'],
    hostUsers: ['host-users'],
    os: ['windows'],
    resourceClaims: ['devices'],
    nodeSelector: ['node-label'],
  },
  PodSecurityContext: {
    ...all('identity', 'supplementalGroupsPolicy fsGroupChangePolicy seLinuxChangePolicy'),
    // ignored on Linux
    windowsOptions: 'identity',
    seLinuxOptions: ['se-linux'],
    runAsUser: ['uid-range', 'engine-non-root'],
    runAsGroup: ['uid-range'],
    runAsNonRoot: ['engine-non-root'],
    supplementalGroups: ['uid-range'],
    fsGroup: ['uid-range'],
    sysctls: ['sysctls'],
    seccompProfile: ['unconfined'],
    appArmorProfile: ['app-armor', 'unconfined'],
  },
  Container: {
    ...all('identity', 'name imagePullPolicy'),
    ...all('process', 'workingDir stdin stdinOnce tty terminationMessagePath terminationMessagePolicy'),
    ...all('life cycle', 'restartPolicy restartPolicyRules resizePolicy'),
    ...all('contents', 'securityContext'),
    image: ['image-name', 'image-tag', 'implicit-storage', 'nested-user-namespace'],
    command: ['systemd-argv0', 'data-root', 'docker-without-tls'],
    args: ['systemd-argv0', 'data-root', 'docker-without-tls'],
    ports: ['host-ports'],
    env: ['sysbox-env'],
    envFrom: ['sysbox-env'],
    resources: ['devices'],
    volumeMounts: ['special-directory-shared', 'cgroup-mount', 'systemd-run-mount'],
    volumeDevices: ['volume-devices'],
    livenessProbe: ['probe-host'],
    readinessProbe: ['probe-host'],
    startupProbe: ['probe-host'],
    lifecycle: ['probe-host'],
  },
  SecurityContext: {
    // sysbox-runc honors no_new_privs: setuid programs gain nothing, engines start (measured)
    ...all('process', 'allowPrivilegeEscalation'),
    capabilities: ['capabilities'],
    privileged: ['privileged'],
    seLinuxOptions: ['se-linux'],
    windowsOptions: 'identity',
    runAsUser: ['uid-range', 'engine-non-root'],
    runAsGroup: ['uid-range'],
    runAsNonRoot: ['engine-non-root'],
    readOnlyRootFilesystem: ['engine-read-only-root'],
    procMount: ['proc-mount'],
    seccompProfile: ['unconfined'],
    appArmorProfile: ['app-armor', 'unconfined'],
  },
  VolumeMount: {
    ...all('contents', 'name readOnly bindMountOptions'),
    mountPath: ['cgroup-mount', 'systemd-run-mount', 'special-directory-exact'],
    subPath: ['special-directory-shared'],
    subPathExpr: ['special-directory-shared'],
    recursiveReadOnly: ['recursive-read-only'],
    mountPropagation: ['mount-propagation'],
  },
  VolumeSource: {
    // made by the kubelet on tmpfs or on its own disk, or on a block device with a filesystem that has id-mapped mounts
    ...all('contents', 'emptyDir secret downwardAPI configMap projected image gitRepo'),
    ...all('contents', 'gcePersistentDisk awsElasticBlockStore iscsi rbd cinder fc vsphereVolume azureDisk'),
    // Kubernetes accepts the field and has no plugin for it any more
    ...all('removed', 'flocker photonPersistentDisk portworxVolume scaleIO storageos'),
    hostPath: ['host-path'],
    nfs: ['id-mapped-mounts'],
    glusterfs: ['id-mapped-mounts'],
    cephfs: ['id-mapped-mounts'],
    azureFile: ['id-mapped-mounts'],
    quobyte: ['id-mapped-mounts'],
    csi: ['id-mapped-mounts'],
    flexVolume: ['id-mapped-mounts'],
    persistentVolumeClaim: ['id-mapped-claims', 'special-directory-pods'],
    ephemeral: ['id-mapped-claims', 'special-directory-access-mode'],
  },
  // what a handler can lack, of which Sysbox's has user namespaces only (measured on K3s 1.36)
  NodeRuntimeHandlerFeatures: { userNamespaces: ['host-users'], recursiveReadOnlyMounts: ['recursive-read-only'] },
};

function all(judgement: Exclude<Judgement, string[]>, fields: string): Record<string, Judgement> {
  return Object.fromEntries(fields.split(' ').map((field) => [field, judgement]));
}

test('every rule that judges a field exists', () => {
  const ids = SystemPodRules.all().map(({ id }) => id);

  const named = Object.values(JUDGED).flatMap((fields) =>
    Object.values(fields).flatMap((j) => (Array.isArray(j) ? j : [])),
  );
  expect(named.filter((id) => !ids.includes(id))).toEqual([]);
});

if (hasGo()) {
  test(
    'every field of the pod API of the newest Kubernetes is judged, and no other',
    async () => {
      const fields = await podFields();

      expect(Object.keys(fields)).toEqual(expect.arrayContaining(Object.keys(JUDGED)));
      for (const [type, names] of Object.entries(fields)) {
        expect({ type, fields: Object.keys(JUDGED[type] ?? {}).sort() }).toEqual({ type, fields: [...names].sort() });
      }
    },
    buildTimeout,
  );
} else {
  console.warn('Go is not on the PATH: the fields of the pod API are NOT compared here. CI compares them');
}
