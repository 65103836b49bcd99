import { Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import {
  AgentNetworkOptions,
  AgentPoolUpdateStrategy,
  AgentSandbox,
  AgentSandboxClaim,
  AgentSandboxClaimProps,
  AgentSandboxProps,
  AgentSandboxTemplate,
  AgentSandboxTemplateProps,
  AgentSandboxWarmPool,
  AgentSandboxWarmPoolProps,
  AgentShutdownPolicy,
} from '../../src/agents';
import { DockerEngine } from '../../src/docker';
import { K3sNode } from '../../src/k3s';
import { DevMachine, SystemdMachine } from '../../src/systemd';
import { PodSecurityLevel, SystemStorage } from '../../src/workloads';
import { Manifest, only, synth, testChart } from '../support/synth';

const containers = [{ name: 'agent', image: 'registry.example.org/agent:1.4.0' }];
const storage = Size.gibibytes(2);

function sandbox(props: Partial<AgentSandboxProps> = {}, equip: (it: AgentSandbox) => void = () => undefined) {
  return synth((chart) => equip(new AgentSandbox(chart, 'it', { containers, ...props })));
}

function template(props: Partial<AgentSandboxTemplateProps> = {}): Manifest {
  const manifests = synth((chart) => {
    new AgentSandboxTemplate(chart, 'it', { containers, ...props });
  });
  return only(manifests, 'SandboxTemplate');
}

const specOf = (manifests: Manifest[]) => only(manifests, 'Sandbox').spec;
const podOf = (manifests: Manifest[]) => specOf(manifests).podTemplate.spec;

describe('a sandbox', () => {
  test('is a system pod that is restricted, without a token and on its own in the cluster', () => {
    const [made, policy, ...others] = sandbox();

    expect(others).toEqual([]);
    expect(made).toEqual({
      apiVersion: 'agents.x-k8s.io/v1beta1',
      kind: 'Sandbox',
      metadata: { name: 'test-it' },
      spec: {
        operatingMode: 'Running',
        service: false,
        podTemplate: {
          metadata: { labels: { 'cdk8s.io/metadata.addr': expect.any(String) } },
          spec: expect.objectContaining({
            runtimeClassName: 'sysbox-runc',
            hostUsers: false,
            enableServiceLinks: false,
            automountServiceAccountToken: false,
            securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
            containers: [
              {
                name: 'agent',
                image: 'registry.example.org/agent:1.4.0',
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              },
            ],
          }),
        },
      },
    });
    expect(policy!.spec.podSelector.matchLabels).toEqual(made!.spec.podTemplate.metadata.labels);
  });

  test('is reached by the router, and reaches DNS and the internet', () => {
    const { spec } = only(sandbox(), 'NetworkPolicy');

    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(spec.ingress).toEqual([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'agent-sandbox-system' } },
            podSelector: { matchLabels: { app: 'sandbox-router' } },
          },
        ],
      },
    ]);
    expect(spec.egress).toEqual([
      expect.objectContaining({
        ports: [expect.objectContaining({ port: 53 }), expect.objectContaining({ port: 53 })],
      }),
      {
        to: [
          { ipBlock: { cidr: '0.0.0.0/0', except: expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16']) } },
          { ipBlock: { cidr: '::/0', except: expect.arrayContaining(['fc00::/7']) } },
        ],
      },
    ]);
  });

  test('keeps a claim over a suspension; its volume is added by the controller', () => {
    const manifests = sandbox({ volumeClaimTemplates: [{ name: 'work', storage, mountPath: '/work' }] });

    expect(specOf(manifests).volumeClaimTemplates).toEqual([
      {
        metadata: { name: 'work' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2048Mi' } } },
      },
    ]);
    expect(podOf(manifests).containers[0].volumeMounts).toEqual([{ name: 'work', mountPath: '/work' }]);
    expect(podOf(manifests)).not.toHaveProperty('volumes');
  });

  test('can follow Baseline, for programs that gain rights', () => {
    const pod = podOf(sandbox({ system: { podSecurity: PodSecurityLevel.BASELINE } }));

    expect(pod.containers[0]).not.toHaveProperty('securityContext');
    expect(pod).not.toHaveProperty('securityContext');
  });

  test('is found by a Service of cdk8s-plus', () => {
    const manifests = synth((chart) => {
      const it = new AgentSandbox(chart, 'it', { containers });
      const service = new kplus.Service(chart, 'service', { ports: [{ port: 80 }] });
      service.select(it);
    });

    const { labels } = specOf(manifests).podTemplate.metadata;
    expect(only(manifests, 'Service').spec.selector).toEqual(labels);
  });
});

describe('a personality', () => {
  test('Docker keeps its images on a claim of the sandbox', () => {
    const manifests = sandbox({}, (it) => DockerEngine.on(it, { storage: SystemStorage.claim({ storage }) }));

    expect(specOf(manifests).volumeClaimTemplates[0].metadata.name).toBe('docker-data');
    const engine = [...podOf(manifests).containers, ...(podOf(manifests).initContainers ?? [])].find(
      (c: Manifest) => c.name === 'docker',
    );
    expect(engine.volumeMounts).toContainEqual(
      expect.objectContaining({ name: 'docker-data', mountPath: '/var/lib/docker' }),
    );
    expect(podOf(manifests).volumes.map((volume: Manifest) => volume.name)).not.toContain('docker-data');
  });

  test('systemd boots', () => {
    const manifests = synth((chart) => {
      const it = new AgentSandbox(chart, 'it', { system: { podSecurity: PodSecurityLevel.BASELINE } });
      SystemdMachine.on(it, { container: { image: 'debian-systemd:13' } });
    });

    expect(podOf(manifests).containers[0].command).toEqual(['/sbin/init']);
  });

  test('a machine for a developer keeps its home and its host key on a claim of the sandbox', () => {
    const manifests = synth((chart) => {
      const it = new AgentSandbox(chart, 'it', { system: { podSecurity: PodSecurityLevel.BASELINE } });
      DevMachine.on(it, {
        image: 'registry.example.org/dev:1',
        user: 'coder',
        authorizedKeys: kplus.Secret.fromSecretName(chart, 'keys', 'coder-keys'),
        home: { storage },
      });
    });

    const pod = podOf(manifests);
    expect(pod.containers[0]).toMatchObject({
      name: 'machine',
      command: ['/sbin/init'],
      ports: [{ containerPort: 22 }],
    });
    expect(pod.containers[0].volumeMounts).toContainEqual({ name: 'home', mountPath: '/home', subPath: 'home' });
    expect(pod.initContainers.map(({ name }: Manifest) => name)).toEqual(['seed', 'ssh-host-keys']);
    expect(specOf(manifests).volumeClaimTemplates).toMatchObject([{ metadata: { name: 'home' } }]);
    // each pod another machine, where nothing else is said
    expect(pod.containers[0].args).toContain('systemd.machine_id=$(container_uuid)');
  });

  test('K3s runs', () => {
    const manifests = synth((chart) => {
      K3sNode.on(new AgentSandbox(chart, 'it', {}), { version: 'v1.36.2+k3s1' });
    });

    expect(podOf(manifests).containers[0].name).toBe('k3s');
  });
});

const network: Required<AgentNetworkOptions> = {
  sourceCidrs: ['192.0.2.0/24'],
  hostCidrs: ['203.0.113.0/24'],
  allowedEgressCidrs: ['10.1.2.3/32'],
};

/** Props that are ours; those of cdk8s-plus are tested there. */
type Own<T> = Omit<Required<T>, keyof kplus.AbstractPodProps> & { readonly metadata: object };

const sandboxProps: Own<AgentSandboxProps> = {
  metadata: { name: 'mine' },
  podMetadata: { labels: { team: 'a' } },
  volumeClaimTemplates: [{ name: 'work', storage }],
  service: true,
  network,
  system: { runtimeClassName: 'sysbox' },
  suspended: true,
  shutdownTime: new Date('2027-01-01T00:00:00Z'),
  shutdownPolicy: AgentShutdownPolicy.DELETE,
};

const rendered: Record<keyof typeof sandboxProps, (made: Manifest) => void> = {
  metadata: (made) => expect(made.metadata.name).toBe('mine'),
  podMetadata: (made) => expect(made.spec.podTemplate.metadata.labels.team).toBe('a'),
  volumeClaimTemplates: (made) => expect(made.spec.volumeClaimTemplates).toHaveLength(1),
  service: (made) => expect(made.spec.service).toBe(true),
  network: () => undefined,
  system: (made) => expect(made.spec.podTemplate.spec.runtimeClassName).toBe('sysbox'),
  suspended: (made) => expect(made.spec.operatingMode).toBe('Suspended'),
  shutdownTime: (made) => expect(made.spec.shutdownTime).toBe('2027-01-01T00:00:00Z'),
  shutdownPolicy: (made) => expect(made.spec.shutdownPolicy).toBe('Delete'),
};

const props = Object.keys(rendered) as (keyof typeof sandboxProps)[];

test.each(props.filter((prop) => prop !== 'network'))('a sandbox has the prop %s', (prop) => {
  const { shutdownTime } = sandboxProps;
  const made = only(sandbox({ shutdownTime, [prop]: sandboxProps[prop] }), 'Sandbox');

  rendered[prop](made);
  expect(() => rendered[prop](only(sandbox(), 'Sandbox'))).toThrow();
});

const templateProps = ['metadata', 'podMetadata', 'volumeClaimTemplates', 'service', 'system'] as const;

test.each(templateProps)('a template has the prop %s', (prop) => {
  rendered[prop](template({ [prop]: sandboxProps[prop] }));
  expect(() => rendered[prop](template())).toThrow();
});

describe('the network of a template is the rules that its controller makes a policy of', () => {
  test('by default those of a sandbox', () => {
    const { ingress, egress } = only(sandbox(), 'NetworkPolicy').spec;

    expect(template().spec.networkPolicyManagement).toBe('Managed');
    expect(template().spec.networkPolicy).toEqual({ ingress, egress });
  });

  const effects: Record<keyof AgentNetworkOptions, (rules: Manifest) => void> = {
    sourceCidrs: ({ ingress }) => expect(ingress[0].from[1]).toEqual({ ipBlock: { cidr: '192.0.2.0/24' } }),
    hostCidrs: ({ egress }) => expect(egress[1].to[0].ipBlock.except).toContain('203.0.113.0/24'),
    allowedEgressCidrs: ({ egress }) => expect(egress[2]).toEqual({ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }] }),
  };

  test.each(Object.keys(effects) as (keyof AgentNetworkOptions)[])('with %s', (option) => {
    const given = { network: { [option]: network[option] } };

    effects[option](template(given).spec.networkPolicy);
    effects[option](only(sandbox(given), 'NetworkPolicy').spec);
    expect(() => effects[option](template().spec.networkPolicy)).toThrow();
  });

  test.each(Object.keys(effects) as (keyof AgentNetworkOptions)[])('refuses what is not a CIDR in %s', (option) => {
    const given = { network: { [option]: ['a'] } };

    expect(() => template(given)).toThrow(`test/it: network: ${option}: 'a' is`);
    expect(() => sandbox(given)).toThrow(`test/it: network: ${option}: 'a' is`);
  });
});

test('a template lets no claim inject variables', () => {
  expect(template().spec.envVarsInjectionPolicy).toBe('Disallowed');
});

test('a template refuses a claim that all its sandboxes would share', () => {
  const shared = () =>
    synth((chart) => {
      const claim = new kplus.PersistentVolumeClaim(chart, 'claim', {
        accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_ONCE],
        storage,
      });
      const it = new AgentSandboxTemplate(chart, 'it', {});
      DockerEngine.on(it, {
        storage: SystemStorage.fromStorage(kplus.Volume.fromPersistentVolumeClaim(it, 'v', claim)),
      });
    });

  expect(shared).toThrow(/claim/);
});

test.each([
  [
    'podMetadata of the controller',
    { podMetadata: { labels: { 'agents.x-k8s.io/claim-uid': 'a' } } },
    'agents.x-k8s.io/claim-uid',
  ],
  [
    'its annotations',
    { podMetadata: { annotations: { 'agents.x-k8s.io/pod-name': 'a' } } },
    'agents.x-k8s.io/pod-name',
  ],
])('refuses %s', (_, given, key) => {
  const message = `test/it: podMetadata has '${key}', which agent-sandbox's controller sets. Leave it out`;

  expect(() => sandbox(given)).toThrow(message);
  expect(() => template(given)).toThrow(message);
});

test('refuses a claim mounted before there is a container', () => {
  expect(() => sandbox({ containers: [], volumeClaimTemplates: [{ name: 'a', storage, mountPath: '/a' }] })).toThrow(
    "test/it: no container yet to mount the claim 'a' into. Leave out mountPath and mount what addVolumeClaimTemplate returns",
  );
});

test('refuses a shutdown policy that has no effect', () => {
  expect(() => sandbox({ shutdownPolicy: AgentShutdownPolicy.RETAIN })).toThrow(
    'test/it: shutdownPolicy has no effect without shutdownTime. Give one, or leave the policy out',
  );
  const { shutdownTime } = sandboxProps;
  expect(() => sandbox({ shutdownTime, shutdownPolicy: AgentShutdownPolicy.DELETE_FOREGROUND })).toThrow(
    'test/it: a Sandbox is not deleted in the foreground. Use AgentShutdownPolicy.DELETE',
  );
});

test('refuses a privileged container, as any system workload does', () => {
  const privileged = [{ image: 'a:1', securityContext: { privileged: true, allowPrivilegeEscalation: true } }];

  expect(() => sandbox({ containers: privileged, system: { podSecurity: PodSecurityLevel.BASELINE } })).toThrow(
    /privileged/,
  );
});

describe('a warm pool', () => {
  const pool = (given: Partial<AgentSandboxWarmPoolProps> = {}) =>
    synth((chart) => {
      const it = new AgentSandboxTemplate(chart, 'template', { containers });
      expect(new AgentSandboxWarmPool(chart, 'it', { template: it, ...given }).name).toBe(
        given.metadata?.name ?? 'test-it',
      );
    });
  const specOfPool = (given: Partial<AgentSandboxWarmPoolProps> = {}) => only(pool(given), 'SandboxWarmPool').spec;

  test('names its template', () => {
    expect(specOfPool()).toEqual({
      replicas: 1,
      sandboxTemplateRef: { name: 'test-template' },
      updateStrategy: { type: 'OnReplenish' },
    });
  });

  test('has each prop', () => {
    const given: Omit<Required<AgentSandboxWarmPoolProps>, 'template'> = {
      replicas: 0,
      updateStrategy: AgentPoolUpdateStrategy.RECREATE,
      metadata: { name: 'mine' },
    };

    expect(specOfPool(given)).toMatchObject({ replicas: 0, updateStrategy: { type: 'Recreate' } });
  });

  test.each([-1, 1.5])('refuses %p replicas', (replicas) => {
    expect(() => pool({ replicas })).toThrow(`test/it: replicas is ${replicas}. Give a whole number from 0`);
  });
});

describe('a claim', () => {
  const claim = (given: Partial<AgentSandboxClaimProps> = {}) => {
    const chart: Chart = testChart();
    const it = new AgentSandboxTemplate(chart, 'template', { containers });
    const pool = new AgentSandboxWarmPool(chart, 'pool', { template: it });
    return new AgentSandboxClaim(chart, 'it', { pool, ...given });
  };
  const specOfClaim = (given: Partial<AgentSandboxClaimProps> = {}) =>
    synth((chart) => {
      const it = new AgentSandboxTemplate(chart, 'template', { containers });
      const pool = new AgentSandboxWarmPool(chart, 'pool', { template: it });
      new AgentSandboxClaim(chart, 'it', { pool, ...given });
    }).find(({ kind }) => kind === 'SandboxClaim') as Manifest;

  test('names its pool', () => {
    expect(specOfClaim().spec).toEqual({ warmPoolRef: { name: 'test-pool' } });
    expect(claim().name).toBe('test-it');
  });

  test('has each prop', () => {
    const given: Omit<Required<AgentSandboxClaimProps>, 'pool'> = {
      podMetadata: { labels: { 'sandbox.users.io/task': '17' }, annotations: { note: 'a' } },
      shutdownTime: new Date('2027-01-01T00:00:00Z'),
      ttlAfterFinished: Duration.minutes(5),
      shutdownPolicy: AgentShutdownPolicy.DELETE_FOREGROUND,
      metadata: { name: 'mine' },
    };

    const made = specOfClaim(given);
    expect(made.metadata.name).toBe('mine');
    expect(made.spec).toMatchObject({
      lifecycle: {
        shutdownTime: '2027-01-01T00:00:00Z',
        ttlSecondsAfterFinished: 300,
        shutdownPolicy: 'DeleteForeground',
      },
      additionalPodMetadata: { labels: { 'sandbox.users.io/task': '17' }, annotations: { note: 'a' } },
    });
  });

  test('refuses a shutdown policy that has no effect', () => {
    expect(() => claim({ shutdownPolicy: AgentShutdownPolicy.DELETE })).toThrow(
      'test/it: shutdownPolicy has no effect without shutdownTime or ttlAfterFinished. Give one of them, or leave the policy out',
    );
  });

  test('refuses pod metadata that the controller refuses', () => {
    expect(() => claim({ podMetadata: { labels: { task: '17' } } })).toThrow(
      "test/it: podMetadata has the label 'task', and agent-sandbox takes labels with a domain only. Write 'sandbox.users.io/task'",
    );
    const annotated = (key: string) => () => claim({ podMetadata: { annotations: { [key]: 'true' } } });
    expect(annotated('container.apparmor.security.beta.kubernetes.io/agent')).toThrow(
      "test/it: podMetadata has the annotation 'container.apparmor.security.beta.kubernetes.io/agent', which agent-sandbox refuses",
    );
    expect(annotated('cluster-autoscaler.kubernetes.io/safe-to-evict')).not.toThrow();
    expect(annotated('note')).not.toThrow();
  });
});
