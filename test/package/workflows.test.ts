// .github/workflows by actionlint, built from the Go proxy once.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../cluster/cache';

const root = join(__dirname, '..', '..');
const VERSION = 'v1.7.12';

function actionlint(): string {
  const bin = join(cacheDirectory(), `actionlint-${VERSION}`);
  if (!existsSync(join(bin, 'actionlint'))) {
    execFileSync('go', ['install', `github.com/rhysd/actionlint/cmd/actionlint@${VERSION}`], {
      env: { ...process.env, GOBIN: bin },
      stdio: 'pipe',
    });
  }
  return join(bin, 'actionlint');
}

test('actionlint has nothing to say about the workflows', () => {
  const workflows = readdirSync(join(root, '.github', 'workflows')).map((name) => join('.github', 'workflows', name));
  expect(workflows.length).toBeGreaterThan(0);
  execFileSync(actionlint(), ['-no-color', ...workflows], { cwd: root, stdio: 'pipe', encoding: 'utf8' });
}, 300_000);
