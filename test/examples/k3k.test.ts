import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('the example gives these manifests', () => {
  const directory = mkdtempSync(join(tmpdir(), 'example-'));
  process.env.CDK8S_OUTDIR = directory;

  jest.requireActual('../../examples/k3k');

  expect(readFileSync(join(directory, 'k3k.k8s.yaml'), 'utf8')).toMatchSnapshot();
  rmSync(directory, { recursive: true });
});
