import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { distText } from '../cluster/dist';
import { output, root } from './manifests';

const text = (file: string) => readFileSync(join(root, file), 'utf8');

test('deploy/images.txt names the default images (else: npm run generate, and commit)', () => {
  const fresh = mkdtempSync(join(tmpdir(), 'images-'));
  try {
    output(process.execPath, [join(root, 'scripts', 'deploy-images.js'), fresh]);
    expect(text('deploy/images.txt')).toBe(readFileSync(join(fresh, 'images.txt'), 'utf8'));
  } finally {
    rmSync(fresh, { recursive: true });
  }
});

test('it has every image of dist/', () => {
  const listed = text('deploy/images.txt').split('\n');
  const used = [...distText.matchAll(/^\s*(?:- )?image: (\S+)$/gm)].map((match) => match[1] ?? '');
  expect(used).not.toEqual([]);
  expect(used.filter((image) => !listed.includes(image))).toEqual([]);
});

describe('deploy/renovate.json', () => {
  const { customManagers } = JSON.parse(text('deploy/renovate.json'));

  /** What Renovate finds in a file of an app: name, version, digest. */
  function found(code: string): string[] {
    const expressions = customManagers.flatMap((manager: { matchStrings: string[]; depNameTemplate?: string }) =>
      manager.matchStrings.map((one) => ({ expression: new RegExp(one, 'g'), name: manager.depNameTemplate })),
    );
    return expressions.flatMap(({ expression, name }: { expression: RegExp; name?: string }) =>
      [...code.matchAll(expression)].map(({ groups }) =>
        [name ?? groups?.depName, groups?.currentValue, groups?.currentDigest].filter(Boolean).join(' '),
      ),
    );
  }

  test('its expressions have no lookaround and no backreference, which Renovate’s RE2 does not know', () => {
    const all = customManagers.flatMap(({ matchStrings }: { matchStrings: string[] }) => matchStrings).join('\n');
    expect(all).not.toMatch(/\(\?[=!]|\(\?<[=!]|\\[1-9]|\\k</);
  });

  test('finds images, digests and versions of K3s', () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const code = `
      SysboxSource.image('registry.nestybox.com/nestybox/sysbox-deploy-k8s:v0.7.1-0')
      SysboxSource.image(
        "registry.example:5000/sysbox:v0.7.1@${digest}",
      )
      containers: [{ image: 'ubuntu:24.04' }]
      new K3sCluster(chart, 'k3s', { version: 'v1.36.2+k3s1' });
      image="docker:29-dind"
    `;
    expect(found(code)).toEqual([
      'registry.nestybox.com/nestybox/sysbox-deploy-k8s v0.7.1-0',
      `registry.example:5000/sysbox v0.7.1 ${digest}`,
      'ubuntu 24.04',
      'docker 29-dind',
      'k3s-io/k3s v1.36.2+k3s1',
    ]);
  });

  test('finds every image and every version in the examples', () => {
    const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts'));
    for (const name of examples) {
      const code = text(`examples/${name}`);
      const named = [...code.matchAll(/image: '([^']+)'|'(v1\.\d+\.\d+\+k3s\d+)'/g)].map(
        (match) => match[1] ?? match[2] ?? '',
      );
      const joined = found(code).map((one) => one.replace('k3s-io/k3s ', '').replace(' ', ':'));
      expect({ name, images: joined.sort() }).toEqual({ name, images: named.sort() });
    }
  });

  test('understands the versions of K3s', () => {
    const { versioningTemplate } = customManagers.find((one: { depNameTemplate?: string }) => one.depNameTemplate);
    const { groups } = new RegExp(versioningTemplate.replace(/^regex:/, '')).exec('v1.36.2+k3s1') ?? {};
    expect({ ...groups }).toEqual({ major: '1', minor: '36', patch: '2', build: '1' });
  });
});
