// What the readiness probe of a nested K3s server relies on: its API server shows its health to anybody, and nothing else.
import { get } from 'node:https';
import { join } from 'node:path';
import { ApiServer, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { KubeClient } from './client';

const configuration = join(__dirname, '..', '..', 'src', 'k3s', 'pod', 'authentication.yaml');

describe.each(minors)('Kubernetes %s', (minor) => {
  let server: ApiServer;
  let anybody: KubeClient;
  beforeAll(async () => {
    server = await startApiServer({ minor, flags: [`--authentication-config=${configuration}`] });
    anybody = server.as({ token: 'unknown' });
  }, buildTimeout);
  afterAll(() => server?.stop());

  const without = (path: string) =>
    new Promise<number>((resolve, reject) => {
      const url = new URL(path, server.url);
      get(url, { rejectUnauthorized: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', reject);
    });

  test.each(['/readyz', '/livez'])('shows %s without credentials', async (path) => {
    expect(await without(path)).toBe(200);
  });

  test.each(['/version', '/healthz', '/api', '/api/v1/namespaces', '/readyz/etcd', '/metrics'])(
    'does not show %s without credentials',
    async (path) => {
      expect(await without(path)).toBe(401);
    },
  );

  test('refuses credentials that it does not know, and takes those that it does', async () => {
    await expect(anybody.get('/api/v1/namespaces')).rejects.toMatchObject({ status: 401 });
    expect((await server.get('/api/v1/namespaces')).items.length).toBeGreaterThan(0);
  });
});
