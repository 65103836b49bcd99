import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schemaMinors, validateStrictly } from './strict';

const pod = (spec: string) => `apiVersion: v1
kind: Pod
metadata: { name: ubuntu }
spec:
  containers:
    - name: main
      image: ubuntu:26.04
${spec}`;

jest.setTimeout(10 * 60_000);

// The negative controls: without them, a validator that reads nothing would pass everything.
describe.each(schemaMinors)('the strict schemas of Kubernetes %s', (minor) => {
  test('accept a pod', async () => {
    expect(await validateStrictly(pod('  hostUsers: false'), minor)).toEqual([]);
  });

  test('refuse a misspelt field, however deep, and name its object and path', async () => {
    const text = pod('      volumeMounts: [{ name: a, mountpath: /a }]\n  hostUser: false');
    expect((await validateStrictly(text, minor)).sort()).toEqual([
      "Pod/ubuntu: .spec.containers[0].volumeMounts[0]: 'mountPath' is a required property",
      expect.stringMatching(/^Pod\/ubuntu: \.spec\.containers\[0\]\.volumeMounts\[0\]: .*'mountpath' was unexpected/),
      expect.stringMatching(/^Pod\/ubuntu: \.spec: .*'hostUser' was unexpected/),
    ]);
  });

  test('refuse a wrong type', async () => {
    expect(await validateStrictly(pod('  hostUsers: "false"'), minor)).toEqual([
      "Pod/ubuntu: .spec.hostUsers: 'false' is not of type 'boolean', 'null'",
    ]);
  });

  test('refuse an unquoted yes, which YAML 1.1 reads as a boolean, where a string belongs', async () => {
    expect(await validateStrictly(pod('  nodeSelector: { sysbox-install: yes }'), minor)).toEqual([
      "Pod/ubuntu: .spec.nodeSelector.sysbox-install: True is not of type 'string', 'null'",
    ]);
  });

  test('refuse a kind that this Kubernetes does not have, unless it is said to be foreign', async () => {
    const cluster = '{ apiVersion: k3k.io/v1beta1, kind: Cluster, metadata: { name: dev } }';
    expect(await validateStrictly(cluster, minor)).toEqual([
      `Cluster/dev: Kubernetes ${minor} has no Cluster in k3k.io/v1beta1`,
    ]);
    expect(await validateStrictly(cluster, minor, ['k3k.io/v1beta1'])).toEqual([]);
  });
});

test('a field newer than the minor is refused there', async () => {
  const text = pod('      lifecycle: { stopSignal: SIGTERM }');
  expect(await validateStrictly(text, '1.32')).toEqual([expect.stringContaining("'stopSignal' was unexpected")]);
  expect(await validateStrictly(text, '1.33')).toEqual([]);
});

test('files are named in the mistakes, and a duplicate key is one', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'schema-'));
  const files = ['good.yaml', 'twice.yaml', 'empty.yaml'].map((name) => join(directory, name));
  writeFileSync(files[0]!, pod('---\n' + pod('')));
  writeFileSync(files[1]!, pod('  hostUsers: true\n  hostUsers: false'));
  writeFileSync(files[2]!, 'kind: Pod');
  expect(await validateStrictly(files, '1.37')).toEqual([
    expect.stringMatching(/twice\.yaml: .*duplicate key hostUsers/s),
    `${files[2]}: no object: it has no apiVersion or no kind`,
  ]);
  rmSync(directory, { recursive: true });
});

test('a minor without schemas is refused rather than replaced by an older one', async () => {
  await expect(validateStrictly(pod(''), '1.38')).rejects.toThrow('no schemas of Kubernetes 1.38');
});
