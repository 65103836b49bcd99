import { App, Chart, Testing } from 'cdk8s';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DockerPod, ImageRegistry, K3sPod, SysboxRuntime, SysboxSource } from '../../src';
import { DEFAULT_IMAGES } from '../../src/core/image-registry';

/** The images of an app in which everything has its default image. */
function images(registry?: string, source?: SysboxSource): string[] {
  const app = new App();
  if (registry !== undefined) ImageRegistry.use(app, registry);
  const chart = new Chart(app, 'test');
  const runtime = new SysboxRuntime(chart, 'sysbox', { installation: { source } });
  new DockerPod(chart, 'docker', { system: { runtime } });
  new K3sPod(chart, 'k3s', { system: { runtime }, k3s: { version: 'v1.36.2+k3s1' } });
  const text = JSON.stringify(Testing.synth(chart));
  return [...new Set([...text.matchAll(/"image":"([^"]+)"/g)].map((match) => match[1] ?? ''))].sort();
}

test('one registry for all default images', () => {
  expect(images('registry.example:5000/mirror')).toEqual([
    'registry.example:5000/mirror/library/docker:29-dind',
    'registry.example:5000/mirror/nestybox/sysbox-deploy-k8s:v0.7.1-0',
    'registry.example:5000/mirror/rancher/k3s:v1.36.2-k3s1',
  ]);
});

test('without one, each image comes from where it is published', () => {
  expect(images()).toEqual(
    [DEFAULT_IMAGES.docker, `${DEFAULT_IMAGES.k3s}:v1.36.2-k3s1`, DEFAULT_IMAGES.installer].sort(),
  );
});

test('an image that a prop names stays as it is', () => {
  const own = 'own.example/sysbox:v0.7.2';
  expect(images('registry.example', SysboxSource.image(own))).toContain(own);
});

test.each(['https://registry.example', 'Registry', 'registry.example/', ''])('refuses the registry %j', (registry) => {
  expect(() => ImageRegistry.use(new App(), registry)).toThrow(`'${registry}' is not a registry`);
});

test('refuses a construct that has children: their images are decided', () => {
  const app = new App();
  new Chart(app, 'first');
  expect(() => ImageRegistry.use(app, 'registry.example')).toThrow('children');
});

test('each is named in full: CRI-O has no default registry', () => {
  for (const image of Object.values(DEFAULT_IMAGES)) expect(image).toMatch(/^[a-z0-9-]+(\.[a-z0-9-]+)+\/[^/]+\/[^/]+$/);
});

test('no other file in src/ names an image', () => {
  const root = join(__dirname, '..', '..', 'src');
  const named = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|sh)$/.test(file) && !file.endsWith('image-registry.ts'))
    .flatMap((file) => {
      const code = readFileSync(join(root, file), 'utf8').replace(/^\s*(\*|\/\/|\/\*\*|#).*$/gm, '');
      return [...code.matchAll(/['"`]((?:[a-z0-9.-]+\/)*[a-z0-9-]+:v?\d[\w.-]*)['"`]/g)].map(
        (match) => `${file}: ${match[1]}`,
      );
    });
  expect(named).toEqual([]);
});
