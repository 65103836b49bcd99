// Compiles with jsii, unless nothing that it reads has changed since the last time.
const { execFileSync } = require('child_process');
const { createHash } = require('crypto');
const { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('fs');
const { join } = require('path');

const root = join(__dirname, '..');
const stamp = join(root, 'lib', '.inputs');

/** Sources, and what decides how they are compiled; README is part of the assembly. */
function inputs() {
  const files = ['src', 'imports', 'examples', 'scripts'].flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const all = [
    ...files.sort(),
    ...['package.json', 'package-lock.json', 'tsconfig.json', 'README.md'].map((name) => join(root, name)),
  ];
  const hash = createHash('sha256');
  for (const file of all) hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}

const now = inputs();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== now) {
  // what a deleted source left behind would be packed
  for (const directory of ['src', 'imports', 'examples'])
    rmSync(join(root, 'lib', directory), { recursive: true, force: true });
  execFileSync(
    join(root, 'node_modules', '.bin', 'jsii'),
    ['--compress-assembly', '--silence-warnings=reserved-word'],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20,22' },
    },
  );
  require('./prop-schema');
  require('./bundle');
  writeFileSync(stamp, now);
}
