import { App, Chart, Yaml } from 'cdk8s';
import { PolicyAction, SandboxNamespace, SystemPodPolicy, SystemPodPolicyProps } from '../../src/policy';
import { SystemPodRules } from '../../src/rules';
import { PodSecurityLevel, SystemPod } from '../../src/workloads';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { buildTimeout, Minor } from '../cluster/build';
import { KubeObject } from '../cluster/client';
import { pod, podSpec, Row, table, workload } from '../rules/table';

const RUNTIME_CLASS = {
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name: 'sysbox-runc' },
  handler: 'x',
};
const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'CronJob'];
const celRules = SystemPodRules.all().filter((rule) => rule.cel !== undefined);
const rows = table.filter((row) => celRules.some((rule) => rule.id === row.rule));

/** The policies whose names end so, in a chart that has a namespace. */
function policies(props: SystemPodPolicyProps, ending = ''): string {
  const chart = new Chart(new App(), 'policies', { namespace: 'stamped' });
  new SystemPodPolicy(chart, 'policy', props);
  return Yaml.stringify(...chart.toJson().filter((object) => object.metadata.name.endsWith(ending)));
}

/** Creates without keeping: what the server warns of, or its refusal. */
async function tryOut(server: ApiServer, object: KubeObject): Promise<{ warnings: string; refusal?: string }> {
  server.warnings.length = 0;
  const collection = (await server.pathOf(object)).replace(/\/[^/]*$/, '');
  const refusal = await server.create(collection, object, { dryRun: 'All' }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { warnings: server.warnings.join('\n'), refusal };
}

/** The row's pod in other workloads. */
function inWorkloads({ manifests: [first] }: Row): KubeObject[] {
  if (first.kind !== 'Pod') return [first];
  const { annotations } = first.metadata;
  return [first, ...WORKLOADS.map((kind) => workload(kind, first.spec, {}, annotations && { annotations }))];
}

/** Rows whose field a server drops, since its feature gate is off by default there: dynamic resource allocation before 1.34 (KEP-4381). */
const DROPPED: Partial<Record<Minor, string[]>> = { '1.33': ['devices: a resource claim'] };

/**
 * The rules as admission policies of a real API server. It needs the harness of test/cluster: call it from a test file
 * there.
 */
export function admissionSuite(minor: Minor): void {
  describe(`the rules as admission policies, Kubernetes ${minor}`, () => {
    let server: ApiServer;

    beforeAll(async () => {
      server = await startApiServer({ minor });
      await server.apply(Yaml.stringify(RUNTIME_CLASS));
      for (const namespace of ['guarded', 'sandbox', 'elsewhere'])
        await server.createNamespace(namespace, { is: namespace });
      // warnings name every rule that is not followed, a refusal only the first
      await server.apply(policies({ name: 'teach', actions: [PolicyAction.WARN], exemptNamespaces: ['guarded'] }));
      const others = { warnings: false, excludedRules: ['host-path'] };
      const exemptNamespaces = ['default', 'sandbox', 'elsewhere'];
      await server.apply(policies({ name: 'guard', exemptNamespaces, honorAcknowledgements: true, ...others }));
      const allowedIn = { names: ['default', 'guarded'], labels: { is: 'sandbox' } };
      const place = { name: 'place', allowedIn, requiredIn: { labels: { is: 'sandbox' } } };
      await server.apply(policies(place, '-namespaces'));
      await eventually(async () => {
        const bad = pod({ shareProcessNamespace: true });
        expect((await tryOut(server, bad)).warnings).toContain('rule share-process-namespace:');
        expect((await tryOut(server, inNamespace('guarded', bad))).refusal).toContain('rule share-process-namespace:');
        expect((await tryOut(server, inNamespace('elsewhere', pod()))).refusal).toContain(
          'may not use the RuntimeClass',
        );
      });
    }, buildTimeout);
    afterAll(() => server?.stop());

    const judged = rows.filter(({ rule, name }) => !DROPPED[minor]?.includes(`${rule}: ${name}`));
    test.each(judged)('$rule: $name', async (row) => {
      for (const object of inWorkloads(row)) {
        const { warnings, refusal } = await tryOut(server, object);

        if (row.refusedByApi && refusal !== undefined) continue;
        expect(refusal).toBeUndefined();
        if (row.at === undefined) expect(warnings).not.toContain(`rule ${row.rule}:`);
        else expect(warnings).toContain(`rule ${row.rule}:`);
      }
    });

    test('every rule that can be expressed in CEL is there', () => {
      expect(celRules.length).toBeGreaterThanOrEqual(30);
    });

    test('leave pods of other runtimes alone', async () => {
      const other = pod({ runtimeClassName: undefined, shareProcessNamespace: true });

      expect(await tryOut(server, other)).toEqual({ warnings: '', refusal: undefined });
    });

    test('refuse, with the reason and the remedy', async () => {
      const bad = inNamespace('guarded', pod({ shareProcessNamespace: true }));

      expect((await tryOut(server, bad)).refusal).toMatch(
        /rule share-process-namespace: the pause process becomes PID 1.* Omit 'shareProcessNamespace'/,
      );
    });

    test('admit what is acknowledged, where honorAcknowledgements is on', async () => {
      const annotations = { 'cdk8s-sysbox.io/acknowledge.share-process-namespace': 'why' };
      const onPod = pod({ shareProcessNamespace: true }, { namespace: 'guarded', annotations });
      const onObject = inNamespace('guarded', workload('Job', podSpec({ shareProcessNamespace: true })));
      onObject.metadata.annotations = annotations;

      expect((await tryOut(server, onPod)).refusal).toBeUndefined();
      expect((await tryOut(server, onObject)).refusal).toBeUndefined();
    });

    test('never let in what cannot be acknowledged', async () => {
      const annotations = { 'cdk8s-sysbox.io/acknowledge.host-users': 'why' };

      const { refusal } = await tryOut(server, pod({ hostUsers: true }, { namespace: 'guarded', annotations }));

      expect(refusal).toContain('rule host-users:');
    });

    test('do not enforce what is left out', async () => {
      const volumes = [{ name: 'a', hostPath: { path: '/x' } }];

      expect((await tryOut(server, pod({ volumes }, { namespace: 'guarded' }))).refusal).toBeUndefined();
    });

    test('look at a debug container that is added to a pod', async () => {
      const path = '/api/v1/namespaces/guarded/pods';
      await server.create(path, pod({}, { name: 'debugged' }));
      const ephemeralContainers = [
        { name: 'debug', image: 'a:1', securityContext: { privileged: true }, terminationMessagePolicy: 'File' },
      ];
      const add = server.patch(`${path}/debugged/ephemeralcontainers`, { spec: { ephemeralContainers } }, 'strategic');

      await expect(add).rejects.toThrow('rule privileged:');
    });

    test('do not stop what runs already, until its pods change', async () => {
      // made before the policy looked: in a namespace that it exempts, which it then no longer does
      const path = '/apis/apps/v1/namespaces/guarded/deployments';
      const annotations = { 'cdk8s-sysbox.io/acknowledge.share-process-namespace': 'for now' };
      const old = workload('Deployment', podSpec({ shareProcessNamespace: true }));
      await server.create(path, { ...old, metadata: { ...old.metadata, annotations } });
      const forget = { metadata: { annotations: { 'cdk8s-sysbox.io/acknowledge.share-process-namespace': null } } };

      await server.patch(`${path}/it`, { ...forget, spec: { replicas: 3 } });
      const change = { spec: { template: { metadata: { annotations: { new: 'pods' } } } } };

      await expect(server.patch(`${path}/it`, change)).rejects.toThrow('rule share-process-namespace:');
      await server.delete(`${path}/it`);
    });

    test.each(Object.values(PodSecurityLevel))(
      'a SandboxNamespace takes system pods that are %s',
      async (podSecurity) => {
        // Restricted admits root in a user namespace from 1.35 on
        if (podSecurity === PodSecurityLevel.RESTRICTED && minor < '1.35') return;
        const name = `sandbox-${podSecurity}`;
        const chart = new Chart(new App(), 'sandbox');
        new SandboxNamespace(chart, 'namespace', { name, podSecurity, labels: { is: 'sandbox' } });
        await server.apply(Yaml.stringify(...chart.toJson()));
        const pods = new Chart(new App(), 'pods', { namespace: name });
        const containers = [{ image: 'a:1' }];
        new SystemPod(pods, 'pod', { containers, initContainers: [{ image: 'b:1' }], system: { podSecurity } });
        const [object] = pods.toJson();

        await eventually(async () =>
          expect(await tryOut(server, object)).toEqual({ warnings: '', refusal: undefined }),
        );
        const privileged = pod({ containers: [{ name: 'a', image: 'a:1', securityContext: { privileged: true } }] });
        expect((await tryOut(server, inNamespace(name, privileged))).refusal).toContain(
          `violates PodSecurity "${podSecurity}`,
        );
      },
    );

    test('hold the runtime to its namespaces, and namespaces to the runtime', async () => {
      const plain = pod({ runtimeClassName: undefined });

      expect((await tryOut(server, inNamespace('sandbox', pod()))).refusal).toBeUndefined();
      expect((await tryOut(server, inNamespace('guarded', pod()))).refusal).toBeUndefined();
      expect((await tryOut(server, inNamespace('elsewhere', plain))).refusal).toBeUndefined();
      expect((await tryOut(server, inNamespace('elsewhere', pod()))).refusal).toContain('may not use the RuntimeClass');
      expect((await tryOut(server, inNamespace('sandbox', plain))).refusal).toContain('must use the RuntimeClass');
      const cronJob = inNamespace('sandbox', workload('CronJob', podSpec({ runtimeClassName: undefined })));
      expect((await tryOut(server, cronJob)).refusal).toContain('must use the RuntimeClass');
    });
  });
}

function inNamespace(namespace: string, object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}
