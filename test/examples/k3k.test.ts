import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('the example gives these manifests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'example-'));
  process.env.CDK8S_OUTDIR = folder;

  jest.requireActual('../../examples/k3k');

  expect(readFileSync(join(folder, 'k3k.k8s.yaml'), 'utf8')).toMatchSnapshot();
  rmSync(folder, { recursive: true });
});
