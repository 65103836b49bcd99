import { Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import {
  DevSandbox,
  DevSandboxProps,
  MachineId,
  SandboxNetworkOptions,
  SandboxServiceOptions,
} from '../../src/systemd';
import { RuntimeReference } from '../../src/runtime';
import { SystemStorage } from '../../src/workloads';
import { checked, containerOf, Manifest } from '../docker/manifests';

const image = 'registry.example.com/sandbox:1';
const keysIn = (scope: Construct) => kplus.Secret.fromSecretName(scope, 'keys', 'alice-keys');

function sandbox(props: Partial<DevSandboxProps> = {}) {
  const chart = Testing.chart();
  const made = new DevSandbox(chart, 'it', { image, authorizedKeys: keysIn(chart), ...props });
  const objects: Manifest[] = Testing.synth(chart);
  const one = (kind: string) => objects.find((o) => o.kind === kind);
  const files = Object.assign({}, ...objects.filter((o) => o.kind === 'ConfigMap').map((o) => o.data));
  const set = one('StatefulSet');
  const { spec, metadata } = set.spec.template;
  const command = (part: 'systemd' | 'ssh', ...words: [string, ...string[]]) =>
    checked(objects, `/opt/cdk8s-sysbox/${part}`, ...words);
  return { made, set, spec, metadata, files, machine: containerOf(spec, 'machine'), command, one };
}

test('is one pod that boots systemd, with its home and host key on a claim', () => {
  const { set, spec, machine, command } = sandbox();

  expect(set.spec.replicas).toBe(1);
  expect(set.spec.volumeClaimTemplates).toMatchObject([
    { metadata: { name: 'home' }, spec: { resources: { requests: { storage: '20480Mi' } } } },
  ]);
  expect(machine.command).toEqual(['/sbin/init']);
  expect(machine.volumeMounts).toEqual(
    expect.arrayContaining([
      { name: 'home', mountPath: '/home', subPath: 'home' },
      { name: 'home', mountPath: '/var/lib/cdk8s-sysbox/ssh', subPath: 'ssh-host-keys' },
    ]),
  );
  expect(containerOf(spec, 'seed').command).toEqual(command('systemd', 'seed.sh', '/home'));
  expect(containerOf(spec, 'ssh-host-keys')).toMatchObject({
    image,
    command: command('ssh', 'ssh-host-keys.sh', '/var/lib/cdk8s-sysbox/ssh'),
    volumeMounts: expect.arrayContaining([
      { name: 'home', mountPath: '/var/lib/cdk8s-sysbox/ssh', subPath: 'ssh-host-keys' },
    ]),
  });
});

test('lets in by key only, from the Secret', () => {
  const { spec, machine, files } = sandbox();

  expect(files['sshd.conf']).toBe(
    [
      'HostKey /var/lib/cdk8s-sysbox/ssh/ssh_host_ed25519_key',
      'AllowUsers root',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'AuthorizedKeysFile none',
      'AuthorizedKeysCommand /bin/cat /opt/cdk8s-sysbox/ssh-authorized-keys/authorized_keys',
      'AuthorizedKeysCommandUser nobody',
      '',
    ].join('\n'),
  );
  expect(machine.volumeMounts).toContainEqual({
    name: 'ssh-files',
    mountPath: '/etc/ssh/sshd_config.d/00-cdk8s-sysbox.conf',
    subPath: 'sshd.conf',
    readOnly: true,
  });
  expect(spec.volumes).toContainEqual({
    name: 'ssh-authorized-keys',
    secret: { secretName: 'alice-keys', items: [{ key: 'authorized_keys', path: 'authorized_keys' }] },
  });
  expect(machine.args).toEqual(expect.arrayContaining(['systemd.wants=ssh.service', 'systemd.wants=sshd.service']));
});

test('is ready when something listens on the port of SSH, whatever else it is asked for', () => {
  const { machine, command } = sandbox({
    systemd: { readiness: { acceptDegraded: false, tcpPorts: [8080], units: ['cron.service'] } },
  });

  const plain = sandbox().machine;
  expect(plain.startupProbe.exec.command).toEqual(command('systemd', 'ready.sh', '--port=22'));
  expect(plain.readinessProbe.exec.command).toEqual(['sh', '/opt/cdk8s-sysbox/systemd/ready.sh', '--port=22']);
  const words = ['--strict', '--port=22', '--port=8080', 'cron.service'];
  expect(machine.startupProbe.exec.command).toEqual(command('systemd', 'ready.sh', ...words));
  expect(machine.readinessProbe.exec.command.slice(2)).toEqual(words);
});

test('is small when idle', () => {
  const { machine } = sandbox();

  expect(machine.resources).toEqual({ requests: { cpu: '50m', memory: '128Mi' } });
  expect(machine.args).toEqual(
    expect.arrayContaining(['systemd.mask=apt-daily.timer', 'systemd.mask=man-db.timer', 'systemd.mask=fstrim.timer']),
  );
});

test('stays the same machine when its pod is replaced, and is another one than its neighbour', () => {
  const id = (metadata?: { name: string }) =>
    sandbox({ metadata }).machine.args.find((arg: string) => arg.startsWith('systemd.machine_id='));

  expect(id({ name: 'a' })).toMatch(/=[0-9a-f]{32}$/);
  expect(id({ name: 'a' })).toBe(id({ name: 'a' }));
  expect(id({ name: 'a' })).not.toBe(id({ name: 'b' }));
});

test('reaches what is not in the cluster, and is reached by SSH', () => {
  const { one, metadata } = sandbox();

  expect(one('NetworkPolicy').spec).toEqual({
    podSelector: {
      matchLabels: { 'cdk8s.io/metadata.addr': metadata.labels['cdk8s.io/metadata.addr'] },
    },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ ports: [{ port: 22, protocol: 'TCP' }] }],
    egress: [
      {
        to: [
          { namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } },
          { ipBlock: { cidr: '169.254.20.10/32' } },
        ],
        ports: [
          { port: 53, protocol: 'UDP' },
          { port: 53, protocol: 'TCP' },
        ],
      },
      {
        to: [
          {
            ipBlock: {
              cidr: '0.0.0.0/0',
              // Nodes, pods, Services, a cloud's metadata service.
              except: [
                ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
                '192.168.0.0/16',
              ],
            },
          },
          { ipBlock: { cidr: '::/0', except: ['::1/128', 'fc00::/7', 'fe80::/10'] } },
        ],
      },
    ],
  });
});

test('has a Service to SSH', () => {
  const { one, metadata } = sandbox();

  expect(one('Service').spec).toMatchObject({
    type: 'ClusterIP',
    ports: [{ name: 'ssh', port: 22, targetPort: 22 }],
    selector: { 'cdk8s.io/metadata.addr': metadata.labels['cdk8s.io/metadata.addr'] },
  });
});

const service: Required<SandboxServiceOptions> = {
  type: kplus.ServiceType.LOAD_BALANCER,
  port: 2222,
  metadata: { annotations: { pool: 'dev' } },
};
const network: Required<SandboxNetworkOptions> = {
  sshSourceCidrs: ['192.0.2.0/24'],
  hostCidrs: ['203.0.113.0/24', '2001:db8::/32'],
  allowedEgressCidrs: ['10.9.0.0/16'],
};

/** One value for every prop, so that a new prop does not compile until it has a row here and in `rendered`. */
const everyProp = (scope: Construct): Required<DevSandboxProps> => ({
  image: `sandbox@sha256:${'1'.repeat(64)}`,
  imagePullSecrets: [kplus.Secret.fromSecretName(scope, 'pull', 'pull')],
  authorizedKeys: kplus.Secret.fromSecretName(scope, 'other-keys', 'bob-keys'),
  authorizedKeysKey: 'bob.pub',
  user: 'bob',
  home: { storage: Size.gibibytes(5), storageClassName: 'fast' },
  service,
  network,
  resources: { memory: { limit: Size.gibibytes(4) } },
  envVariables: { EDITOR: kplus.EnvValue.fromValue('vi') },
  systemd: {
    machineId: MachineId.ofPod(),
    maskedUnits: ['cron.service'],
    wantedUnits: ['code-server.service'],
    persistentDirectories: [{ path: '/srv', storage: SystemStorage.emptyDir(Size.gibibytes(1)), seed: false }],
    docker: { storage: SystemStorage.claim({ storage: Size.gibibytes(30) }) },
  },
  stopped: true,
  metadata: { name: 'bob' },
  system: { runtime: RuntimeReference.fromRuntimeClassName('sysbox') },
});

const rendered: Record<keyof DevSandboxProps, (made: ReturnType<typeof sandbox>) => void> = {
  image: ({ spec }) => {
    for (const container of [...spec.containers, ...spec.initContainers])
      expect(container.image).toContain('@sha256:1');
  },
  imagePullSecrets: ({ spec }) => expect(spec.imagePullSecrets).toEqual([{ name: 'pull' }]),
  authorizedKeys: ({ spec }) => expect(JSON.stringify(spec.volumes)).toContain('"secretName":"bob-keys"'),
  authorizedKeysKey: ({ spec }) => expect(JSON.stringify(spec.volumes)).toContain('"key":"bob.pub"'),
  user: ({ files }) => expect(files['sshd.conf']).toContain('AllowUsers bob\n'),
  home: ({ set }) =>
    expect(set.spec.volumeClaimTemplates[0].spec).toMatchObject({
      storageClassName: 'fast',
      resources: { requests: { storage: '5120Mi' } },
    }),
  service: ({ one }) =>
    expect(one('Service')).toMatchObject({
      metadata: { annotations: { pool: 'dev' } },
      spec: { type: 'LoadBalancer', ports: [{ port: 2222, targetPort: 22 }] },
    }),
  network: ({ one }) =>
    expect(one('NetworkPolicy').spec).toMatchObject({
      ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }],
      egress: [
        { to: [{}, { ipBlock: { cidr: '169.254.20.10/32' } }], ports: [{ port: 53 }, { port: 53 }] },
        {
          to: [
            { ipBlock: { cidr: '0.0.0.0/0', except: expect.arrayContaining(['10.0.0.0/8', '203.0.113.0/24']) } },
            { ipBlock: { cidr: '::/0', except: ['::1/128', 'fc00::/7', 'fe80::/10', '2001:db8::/32'] } },
          ],
        },
        { to: [{ ipBlock: { cidr: '10.9.0.0/16' } }] },
      ],
    }),
  resources: ({ machine }) => expect(machine.resources).toEqual({ limits: { memory: '4096Mi' } }),
  envVariables: ({ machine }) => expect(machine.env).toContainEqual({ name: 'EDITOR', value: 'vi' }),
  systemd: ({ machine, set }) => {
    expect(machine.args).toEqual(
      expect.arrayContaining([
        'systemd.mask=cron.service',
        'systemd.wants=code-server.service',
        'systemd.wants=docker.service',
        'systemd.machine_id=$(container_uuid)',
      ]),
    );
    expect(machine.volumeMounts).toContainEqual({ name: 'srv', mountPath: '/srv' });
    const claims = set.spec.volumeClaimTemplates.map((c: Manifest) => c.metadata.name);
    expect(claims).toEqual(['home', 'docker-data']);
  },
  stopped: ({ set }) => expect(set.spec.replicas).toBe(0),
  metadata: ({ set }) => expect(set.metadata.name).toBe('bob'),
  system: ({ spec }) => expect(spec.runtimeClassName).toBe('sysbox'),
};

describe('has the prop', () => {
  test.each(Object.keys(rendered) as (keyof DevSandboxProps)[])('%s', (prop) => {
    const scope = Testing.chart();

    rendered[prop](sandbox({ [prop]: everyProp(scope)[prop] }));
    expect(() => rendered[prop](sandbox())).toThrow();
  });

  test('with all others', () => {
    const made = sandbox(everyProp(Testing.chart()));

    for (const check of Object.values(rendered)) check(made);
  });
});

test('refuses a user that is none', () => {
  expect(() => sandbox({ user: 'bob\nPermitEmptyPasswords yes' })).toThrow(
    "test/it: user 'bob\nPermitEmptyPasswords yes' is not a valid user name. Use lower-case letters, digits, '-' and '_'",
  );
});

test.each(['sshSourceCidrs', 'hostCidrs', 'allowedEgressCidrs'])('refuses a %s that is not a valid CIDR', (prop) => {
  expect(() => sandbox({ network: { [prop]: ['10.9.0.1/16'] } })).toThrow(
    `test/it: network: ${prop}: '10.9.0.1/16' is an address within a CIDR. Write the CIDR itself: '10.9.0.0/16'`,
  );
});

test('nobody reaches SSH where no address may', () => {
  const { spec } = sandbox({ network: { sshSourceCidrs: [] } }).one('NetworkPolicy');

  expect(spec.policyTypes).toContain('Ingress');
  expect(spec.ingress ?? []).toEqual([]);
});
