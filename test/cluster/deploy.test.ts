import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './cache';
import { helm, kustomize } from '../gitops/tools';
import { ApiServer, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { documents } from './client';

const deploy = join(__dirname, '..', '..', 'deploy');
const overlays = ['base', ...readdirSync(join(deploy, 'overlays')).map((name) => `overlays/${name}`), 'demo'];
const nameOf = ({ kind, metadata }: { kind: string; metadata: { name: string } }) => `${kind}/${metadata.name}`;

beforeAll(async () => {
  await kustomize();
  await helm();
}, buildTimeout);

describe.each(minors)('Kubernetes %s', (minor) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ minor });
  }, buildTimeout);
  afterAll(() => server?.stop());

  /** Applies what a tool prints, one overlay over the other as a user does who changes a setting. */
  async function applied(text: string): Promise<void> {
    const names = documents(text).map(({ object }) => nameOf(object as never));
    expect(names).not.toEqual([]);
    const objects = await server.apply(text, { force: true });
    expect(objects.map((object) => nameOf(object as never))).toEqual(names);
    expect(server.warnings).toEqual([]);
  }

  test.each(overlays)('accepts deploy/%s', async (overlay) => {
    await applied(
      await run(await kustomize(), ['build', join(deploy, overlay)], { otherwise: `${overlay} is broken.` }),
    );
  });

  test('accepts deploy/chart', async () => {
    const otherwise = 'The chart is broken.';
    await applied(await run(await helm(), ['template', 'sysbox', join(deploy, 'chart')], { otherwise }));
  });
});
