import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test.each(['ephemeral-k3s', 'k3s-in-k3s', 'k3s-servers'])('the example %s gives these manifests', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'example-'));
  process.env.CDK8S_OUTDIR = folder;

  jest.requireActual(`../../examples/${name}`);

  // what the programs say is no matter of the manifests, and neither are the names that follow from it
  const manifests = readFileSync(join(folder, `${name}.k8s.yaml`), 'utf8').split('---\n');
  const read = manifests.filter((text) => !text.includes('kind: ConfigMap')).join('---\n');
  expect(
    read.replace(/(programs|-token)-[0-9a-f]{10}/g, '$1-<hash>').replace(/[0-9a-f]{64}/g, '<hash>'),
  ).toMatchSnapshot();
  rmSync(folder, { recursive: true });
});
