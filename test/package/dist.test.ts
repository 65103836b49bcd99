import { execFileSync } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';

const root = join(__dirname, '..', '..');
const contents = (directory: string) =>
  Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));

test('dist/ is what the default app prints now (else: npm run synth, and commit)', () => {
  const fresh = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-'));
  execFileSync(process.execPath, [join(root, 'lib', 'examples', 'default.js')], {
    env: { ...process.env, CDK8S_OUTDIR: fresh },
  });
  expect(contents(join(root, 'dist'))).toEqual(contents(fresh));
});

test('API.md is what jsii-docgen prints now (else: npm run docs:api, and commit)', () => {
  const fresh = join(mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-')), 'API.md');
  execFileSync(process.execPath, [join(root, 'node_modules', 'jsii-docgen', 'bin', 'jsii-docgen'), '-o', fresh], {
    cwd: root,
    stdio: 'pipe',
  });
  expect(readFileSync(join(root, 'API.md'), 'utf8') === readFileSync(fresh, 'utf8')).toBe(true);
});
