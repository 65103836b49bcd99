import { readFileSync } from 'node:fs';
import { ApiServer, eventually, startApiServer } from './api-server';
import { apiServerVersions, buildTimeout, minors } from './build';

const selfReview = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

describe.each(minors)('a real API server, Kubernetes %s', (minor) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ minor });
  }, buildTimeout);
  afterAll(() => server?.stop());

  test('is the version that it was built from', async () => {
    expect(await server.get('/version')).toMatchObject({ gitVersion: apiServerVersions[minor] });
  });

  test('listens on 127.0.0.1 only', () => {
    const port = Number(new URL(server.url).port).toString(16).toUpperCase().padStart(4, '0');
    const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFileSync(file, 'utf8')).join('');
    const listening = [...sockets.matchAll(/^\s*\d+: (\S+) \S+ 0A /gm)].map((match) => match[1] ?? '');
    expect(listening.filter((address) => address.endsWith(`:${port}`))).toEqual([`0100007F:${port}`]);
  });

  test('knows nobody without a token', async () => {
    await expect(server.as({ token: 'wrong' }).get('/api/v1/nodes')).rejects.toMatchObject({ status: 401 });
  });

  test('gives a token bound to a pod the name of its node', async () => {
    const token = await server.tokenFor({ serviceAccount: 'default', node: 'named' });
    const { status } = await server.as({ token }).create(selfReview, {});
    expect(status.userInfo.username).toBe('system:serviceaccount:default:default');
    expect(status.userInfo.extra['authentication.kubernetes.io/node-name']).toEqual(['named']);
  });

  test('gives an unbound token no node', async () => {
    const token = await server.tokenFor({ serviceAccount: 'default' });
    const { status } = await server.as({ token }).create(selfReview, {});
    expect(Object.keys(status.userInfo.extra)).not.toContain('authentication.kubernetes.io/node-name');
  });

  test('serves kinds that were defined a moment ago', async () => {
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }];
    await server.apply(
      JSON.stringify({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'things.example.com' },
        spec: { group: 'example.com', names: { plural: 'things', kind: 'Thing' }, scope: 'Namespaced', versions },
      }),
    );
    const [thing] = await eventually(() =>
      server.apply('{ apiVersion: example.com/v1, kind: Thing, metadata: { name: first } }'),
    );
    expect(thing).toMatchObject({ kind: 'Thing', metadata: { namespace: 'default' } });
  });

  test('makes the default ServiceAccount of an applied namespace, which a controller would', async () => {
    await server.apply('{ apiVersion: v1, kind: Namespace, metadata: { name: applied } }');
    await server.get('/api/v1/namespaces/applied/serviceaccounts/default');
  });
});
