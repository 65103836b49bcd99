const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

// One temporary directory for a run, removed at its end: cdk8s' Testing.app() alone leaves one behind per call.
process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'cdk8s-sysbox-test-'));
process.on('exit', () => rmSync(process.env.TMPDIR, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

// One jest project a kind of test: `unit` needs Node alone, the others say what they need when it is missing.
const project = (displayName, testMatch, extra = {}) => ({
  displayName,
  testMatch: [testMatch].flat().map((pattern) => `<rootDir>/${pattern}`),
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // Jest's default is in the temporary directory, where it would stay.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  moduleNameMapper: { '^cdk8s-sysbox$': '<rootDir>/src/index.ts' },
  modulePathIgnorePatterns: ['<rootDir>/lib/'],
  ...extra,
});

const needsMore = ['cluster', 'faults', 'gitops', 'merge', 'node', 'package', 'rollout', 'schema', 'shell'];

module.exports = {
  projects: [
    project('unit', 'test/**/*.test.ts', {
      testPathIgnorePatterns: needsMore.map((name) => `<rootDir>/test/${name}/`),
    }),
    ...needsMore.filter((name) => name !== 'shell').map((name) => project(name, `test/${name}/**/*.test.ts`)),
    // the programs of pods too, which `unit` runs under one shell each
    project('shell', ['test/shell/**/*.test.ts', 'test/**/*program{,s}.test.ts'], { globals: { EVERY_SHELL: true } }),
  ],
};
