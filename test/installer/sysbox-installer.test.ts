import { Duration, Size } from 'cdk8s';
import { ImagePullPolicy, NodeTaintQuery, PercentOrAbsolute, Secret } from 'cdk8s-plus-30';
import {
  NodeOptions,
  RolloutOptions,
  RuntimeReference,
  SysboxDaemonOptions,
  SysboxInstaller,
  SysboxInstallerProps,
  SysboxSource,
} from '../../src';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standardLabels } from '../../src/core/standard-labels';
import { Manifest, only, synth, testChart } from '../support/synth';

const named = RuntimeReference.fromRuntimeClassName('sysbox-runc');

function install(props: Partial<SysboxInstallerProps> = {}, chart = {}): Manifest[] {
  return synth((scope) => new SysboxInstaller(scope, 'installer', { runtimeClass: named, ...props }), chart);
}

const pod = (manifests: Manifest[]) => only(manifests, 'DaemonSet').spec.template.spec;
const files = (manifests: Manifest[], prefix: string): Record<string, string> =>
  manifests.find((m) => m.kind === 'ConfigMap' && m.metadata.name.startsWith(prefix))?.data;
const configuration = (manifests: Manifest[]) => files(manifests, 'sysbox-installer-configuration-');
const settings = (manifests: Manifest[]) => files(manifests, 'sysbox-installer-settings-');

describe('the objects', () => {
  test('come in an order in which an empty cluster can take them', () => {
    expect(install().map((m) => m.kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'ConfigMap',
      'Role',
      'RoleBinding',
      'Role',
      'RoleBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'RuntimeClass',
      'Namespace',
      'Role',
      'RoleBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'ConfigMap',
      'ConfigMap',
      'ConfigMap',
      'DaemonSet',
    ]);
  });

  test('of the cluster have no namespace, and the others their own, whatever the chart says', () => {
    const scoped = [
      'Namespace',
      'RuntimeClass',
      'ClusterRole',
      'ClusterRoleBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ];
    const elsewhere: Record<string, string> = {
      'sysbox-installer-events': 'default',
      'sysbox-installer-verification': 'sysbox-verification',
    };
    for (const manifest of install({}, { namespace: 'apps' })) {
      const expected = scoped.includes(manifest.kind)
        ? undefined
        : (elsewhere[manifest.metadata.name] ?? 'sysbox-system');
      expect([manifest.kind, manifest.metadata.namespace]).toEqual([manifest.kind, expected]);
    }
  });

  test('carry the recommended labels, the Namespace and the cluster-scoped ones too', () => {
    for (const { kind, metadata } of install()) {
      expect([kind, metadata.labels]).toEqual([kind, expect.objectContaining(standardLabels('sysbox-installer'))]);
    }
  });

  test('have the version in no selector and in no pod template', () => {
    const { selector, template } = only(install(), 'DaemonSet').spec;
    expect(selector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'sysbox-installer' });
    expect(template.metadata.labels).toEqual(selector.matchLabels);
  });

  test('are the same bytes for the same input', () => {
    expect(JSON.stringify(install())).toBe(JSON.stringify(install()));
  });
});

describe('the DaemonSet', () => {
  test('runs on labelled nodes, reaches the host, and is not privileged', () => {
    const spec = pod(install());
    expect(spec).toMatchObject({
      nodeSelector: { 'sysbox-install': 'yes' },
      hostPID: true,
      serviceAccountName: 'sysbox-installer',
      enableServiceLinks: false,
    });
    expect(spec.containers[0].securityContext).toMatchObject({
      privileged: false,
      readOnlyRootFilesystem: true,
      // not among the defaults of CRI-O, where the pod could not reach the host without it
      capabilities: { add: ['SYS_CHROOT'] },
    });
    expect(spec.volumes).toContainEqual({ name: 'host', hostPath: { path: '/', type: 'Directory' } });
    expect(spec.containers[0].volumeMounts).toContainEqual({
      name: 'host',
      mountPath: '/host',
      mountPropagation: 'HostToContainer',
    });
  });

  test('is ready only when the coordinator says that the runtime is live', () => {
    expect(pod(install()).containers[0].readinessProbe.exec.command).toEqual(['test', '-f', '/tmp/ready']);
  });

  test('mounts programs and configuration together, and the settings apart from them', () => {
    const manifests = install();
    const [programs, configuration, settingsMap] = manifests
      .filter((m) => m.kind === 'ConfigMap' && m.immutable)
      .map((m) => m.metadata.name);
    const { volumes, containers } = pod(manifests);
    const volume = (name: string) => volumes.find((v: Manifest) => v.name === name);
    expect(volume('programs').projected.sources).toEqual(
      [programs, configuration].map((name) => ({ configMap: { name } })),
    );
    expect(volume('settings').configMap).toEqual({ name: settingsMap });
    expect(containers[0].volumeMounts).toContainEqual({ name: 'settings', mountPath: '/settings', readOnly: true });
  });

  test('runs the coordinator only when the files are those that were rendered', () => {
    const manifests = install();
    const directory = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-programs-'));
    for (const { data } of manifests.filter((m) => m.immutable && !m.data.DEADLINE)) {
      for (const [name, text] of Object.entries<string>(data)) writeFileSync(join(directory, name), text);
    }
    const command: string[] = pod(manifests).containers[0].command;
    expect(command).toContain('coordinator.sh');
    // Another program of the same files: the coordinator itself would need a host.
    const run = () => {
      const [shell = '', ...words] = command.map((word) => (word === '/programs' ? directory : word));
      const other = words.map((word) => (word === 'coordinator.sh' ? 'api.sh' : word));
      return spawnSync(shell, other).status;
    };
    expect(run()).toBe(0);
    writeFileSync(join(directory, 'host.sh'), '');
    expect(run()).toBe(1);
    rmSync(directory, { recursive: true });
  });
});

describe('for the pod that verifies a node, there', () => {
  const named = (manifests: Manifest[], kind: string, name: string): Manifest => only(manifests, kind, name);

  test('is a RuntimeClass with the same handler and no scheduling', () => {
    const { handler, scheduling } = named(install({ handler: 'vm' }), 'RuntimeClass', 'sysbox-runc-verification');
    expect(handler).toBe('vm');
    expect(scheduling).toBeUndefined();
  });

  test('is a namespace at Restricted, also where the other one is made by somebody else', () => {
    const { metadata } = named(install({ createNamespace: false }), 'Namespace', 'sysbox-verification');
    expect(metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/audit': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    });
  });

  test('are rights for the installer, in that namespace alone', () => {
    const manifests = install({ namespace: 'runtime' });
    expect(named(manifests, 'Role', 'sysbox-installer-verification')).toMatchSnapshot();
    expect(named(manifests, 'RoleBinding', 'sysbox-installer-verification').subjects).toEqual([
      { kind: 'ServiceAccount', name: 'sysbox-installer', namespace: 'runtime' },
    ]);
  });

  // What the API servers of both ends of the supported range make of it: test/cluster/verification-pod.test.ts.
  test('is a policy', () => {
    const { spec } = named(install(), 'ValidatingAdmissionPolicy', 'sysbox-installer-verification');
    expect(spec).toMatchSnapshot();
  });
});

describe('the ConfigMaps', () => {
  test('are immutable and named by their content', () => {
    const maps = install().filter((m) => m.immutable);
    expect(maps.map((m) => m.kind)).toEqual(['ConfigMap', 'ConfigMap', 'ConfigMap']);
    const other = install({ handler: 'other' }).filter((m) => m.immutable);
    expect(other[0]!.metadata.name).toBe(maps[0]!.metadata.name);
    expect(other[1]!.metadata.name).not.toBe(maps[1]!.metadata.name);
  });

  test('hold every file that a program reads', () => {
    const manifests = install();
    const all = { ...files(manifests, 'sysbox-installer-programs-'), ...configuration(manifests) };
    const read = Object.values(all).flatMap((text) =>
      [...text.matchAll(/\$HERE\/([a-z0-9.-]+\.[a-z]+)/g)].map((m) => m[1]!),
    );
    expect(read.length).toBeGreaterThan(15);
    // The coordinator writes that one, from the settings' own ConfigMap.
    expect(new Set(read.filter((name) => !(name in all)))).toEqual(new Set(['settings.env']));
  });

  test('hold containerd’s configuration for the handler and the binaries', () => {
    const data = configuration(install({ handler: 'vm', source: SysboxSource.host({ binaryDir: '/usr/local/bin' }) }));
    for (const name of [
      'config-v3.toml.tmpl',
      'drop-in-v2.toml',
      'drop-in-v3.toml',
      'manual-lines-v2.toml',
      'manual-lines-v3.toml',
    ]) {
      expect(data[name]).toMatch(/runtimes\.(")?vm/);
      expect(data[name]).toContain('/usr/local/bin/sysbox-runc');
    }
  });

  test('hold units without a token left', () => {
    const data = configuration(install());
    expect(data['sysbox-mgr.service']).toContain(
      'ExecStart=/opt/sysbox/current/sysbox-mgr --disable-inner-image-preload\n',
    );
    expect(data['sysbox-fs.service']).toContain('ExecStart=/opt/sysbox/current/sysbox-fs\n');
    for (const name of ['sysbox.service', 'sysbox-fs.service', 'sysbox-mgr.service'])
      expect(data[name]).not.toMatch(/@[A-Z]/);
  });

  test('say whether the runtime is removed', () => {
    expect(settings(install()).UNINSTALL).toBe('false');
    expect(settings(install({ uninstall: true })).UNINSTALL).toBe('true');
  });
});

describe('every prop', () => {
  const rollout: Required<RolloutOptions> = {
    concurrency: PercentOrAbsolute.absolute(3),
    failureBudget: 4,
    deadline: Duration.minutes(5),
    drainTimeout: Duration.minutes(20),
  };
  const node: Required<NodeOptions> = {
    unit: 'k3s-edge',
    takeoverSha256: 'a'.repeat(64),
    // With `uninstall`, true is refused.
    dryRun: false,
    installPackages: true,
  };
  const daemons: Required<SysboxDaemonOptions> = {
    managerArgs: ['--log-level=debug'],
    fsArgs: ['--seccomp-fd-release=proc-exit'],
  };
  const props: Required<SysboxInstallerProps> = {
    runtimeClass: RuntimeReference.fromRuntimeClassName('vm', {
      clusterVersion: '1.32',
      featureGates: ['UserNamespacesSupport'],
    }),
    handler: 'vm',
    source: SysboxSource.image(`registry.example/sysbox@sha256:${'0'.repeat(64)}`, {
      imagePullPolicy: ImagePullPolicy.ALWAYS,
      imagePullSecrets: [Secret.fromSecretName(testChart(), 'Registry', 'registry')],
    }),
    namespace: 'runtime',
    createNamespace: false,
    nodeSelector: { pool: 'ci' },
    tolerations: [NodeTaintQuery.exists('ci')],
    priorityClassName: 'important',
    resources: { memory: { limit: Size.mebibytes(256) } },
    rollout,
    node,
    daemons,
    uninstall: false,
  };
  const manifests = install(props);

  test('of the pod is in the DaemonSet', () => {
    expect(pod(manifests)).toMatchObject({
      nodeSelector: { pool: 'ci', 'sysbox-install': 'yes' },
      tolerations: [{ key: 'ci', operator: 'Exists' }],
      priorityClassName: 'important',
      imagePullSecrets: [{ name: 'registry' }],
    });
    expect(pod(manifests).containers[0]).toMatchObject({
      image: `registry.example/sysbox@sha256:${'0'.repeat(64)}`,
      imagePullPolicy: 'Always',
      resources: { limits: { memory: '256Mi' } },
    });
    expect(only(manifests, 'DaemonSet').spec.updateStrategy.rollingUpdate.maxUnavailable).toBe('100%');
  });

  test('of the namespace is respected', () => {
    expect(manifests.filter((m) => m.kind === 'Namespace').map((m) => m.metadata.name)).toEqual([
      'sysbox-verification',
    ]);
    expect(only(manifests, 'DaemonSet').metadata.namespace).toBe('runtime');
    for (const name of ['sysbox-installer', 'sysbox-installer-rollout', 'sysbox-installer-verification']) {
      expect(only(manifests, 'ValidatingAdmissionPolicy', name).spec.matchConditions[0].expression).toBe(
        "request.userInfo.username == 'system:serviceaccount:runtime:sysbox-installer'",
      );
    }
  });

  test('of the node programs is in their settings', () => {
    expect(settings(manifests)).toMatchObject({
      SOURCE: 'image',
      HANDLER: 'vm',
      RUNTIME_CLASS: 'vm',
      SCHEDULING: 'installed',
      VERIFICATION_CLASS: 'vm-verification',
      VERIFICATION_NAMESPACE: 'sysbox-verification',
      CONCURRENCY: '3',
      FAILURE_BUDGET: '4',
      DEADLINE: '300',
      DRAIN_TIMEOUT: '1200',
      EXPECT_UNIT: 'k3s-edge',
      TAKEOVER: 'a'.repeat(64),
      DRY_RUN: 'false',
      INSTALL_PACKAGES: 'true',
      NODE_SELECTOR: '{"pool":"ci","sysbox-install":"yes"}',
      UNINSTALL: 'false',
      ALLOW_OLD_KUBERNETES: 'true',
    });
  });

  test('of a dry run is in the settings', () => {
    expect(settings(install({ node: { dryRun: true } }))).toMatchObject({ DRY_RUN: 'true' });
  });

  test('of the rollout tells the worst loss', () => {
    const worstLoss = (options?: RolloutOptions) =>
      new SysboxInstaller(testChart(), 'installer', { runtimeClass: props.runtimeClass, rollout: options }).worstLoss;
    expect(worstLoss()).toBe('5% of the nodes (at least 1 node)');
    expect(worstLoss({ failureBudget: 3 })).toBe('5% of the nodes (at least 1 node) and 2 nodes more');
    expect(worstLoss({ concurrency: PercentOrAbsolute.absolute(1) })).toBe('1 node');
    expect(worstLoss(rollout)).toBe('6 nodes');
  });

  test('of the daemons is in their units', () => {
    expect(configuration(manifests)['sysbox-mgr.service']).toContain('/sysbox-mgr --log-level=debug\n');
    expect(configuration(manifests)['sysbox-fs.service']).toContain('/sysbox-fs --seccomp-fd-release=proc-exit\n');
  });
});

describe('refuses', () => {
  test.each<[string, Partial<SysboxInstallerProps>, RegExp]>([
    [
      'a dry run of an uninstall',
      { uninstall: true, node: { dryRun: true } },
      /node\.dryRun and uninstall are both set/,
    ],
    ['K3s’s own handlers', { handler: 'runc' }, /runc/],
    ['a malformed namespace', { namespace: 'Sysbox' }, /namespace 'Sysbox' is not a valid DNS/],
    ['a malformed label', { nodeSelector: { 'a b': 'c' } }, /nodeSelector: 'a b' is not a valid label key/],
    [
      'to select by the label it sets',
      { nodeSelector: { 'sysbox-runtime': 'running' } },
      /its pods would vanish with it.*sysbox-install=yes/,
    ],
    [
      'no slot at all',
      { rollout: { concurrency: PercentOrAbsolute.absolute(0) } },
      /rollout\.concurrency is 0\. Give PercentOrAbsolute\.absolute/,
    ],
    [
      'more than all nodes',
      { rollout: { concurrency: PercentOrAbsolute.percent(101) } },
      /rollout\.concurrency is 101%\. Give .*percent\(n\) from 1 to 100/,
    ],
    ['half a node', { rollout: { failureBudget: 1.5 } }, /rollout\.failureBudget is 1\.5/],
    [
      'a deadline that no restart meets',
      { rollout: { deadline: Duration.seconds(30) } },
      /rollout\.deadline is 30 s\. Give at least 120 s/,
    ],
    ['a unit with its suffix', { node: { unit: 'k3s.service' } }, /ends with \.service\. Write 'k3s'/],
    ['a malformed unit', { node: { unit: 'k3s; rm' } }, /node\.unit 'k3s; rm' is not a valid unit name/],
    [
      'a dry run that is a text',
      { node: { dryRun: 'yes' as unknown as boolean } },
      /node\.dryRun is 'yes'\. Write true or false/,
    ],
    [
      'a permission that is a text',
      { node: { installPackages: 'yes' as unknown as boolean } },
      /node\.installPackages is 'yes'\. Write true or false/,
    ],
    [
      'a malformed sha256',
      { node: { takeoverSha256: 'abc' } },
      /node\.takeoverSha256 'abc' is not a SHA-256 digest.*sha256sum/,
    ],
    ['an unknown flag of sysbox-mgr', { daemons: { managerArgs: ['--fast'] } }, /managerArgs: '--fast' is not a flag/],
    [
      'a data root',
      { daemons: { managerArgs: ['--data-root=/data'] } },
      /managerArgs has --data-root.*removes everything/,
    ],
    ['an unknown flag of sysbox-fs', { daemons: { fsArgs: ['--honor-caps'] } }, /fsArgs: '--honor-caps' is not a flag/],
    ['a flag with shell in it', { daemons: { fsArgs: ['--log=/a b'] } }, /fsArgs: '--log=\/a b' is not a flag/],
  ])('%s', (_what, props, message) => {
    expect(() => install(props)).toThrow(message);
    expect(() => install(props)).toThrow(/^test\/installer/);
  });
});
