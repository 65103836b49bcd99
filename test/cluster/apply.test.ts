import { ApiServer, startApiServer } from './api-server';
import { buildTimeout, minors } from './build';
import { distFiles, distObjects, distText } from './dist';

test('dist/ has manifests', () => {
  expect(distFiles).not.toEqual([]);
});

describe.each(minors)('an empty Kubernetes %s cluster', (minor) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ minor });
  }, buildTimeout);
  afterAll(() => server?.stop());

  test('accepts every object of dist/ in the order written, without a warning', async () => {
    const applied = await server.apply(distText);
    expect(applied.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual(
      distObjects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    );
    expect(server.warnings).toEqual([]);
  });

  test('changes nothing when dist/ is applied again', async () => {
    const first = await Promise.all(distObjects.map(async (object) => server.get(await server.pathOf(object))));
    const second = await server.apply(distText);
    expect(second).toEqual(first);
  });

  test('refuses dist/ with an unknown field', async () => {
    for (const object of distObjects) {
      const misspelt = JSON.stringify({ ...object, specc: {} });
      await expect(server.apply(misspelt)).rejects.toThrow(/specc.*field not declared in schema/);
    }
  });

  test('refuses a field written twice', async () => {
    const twice = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: twice }\nimmutable: false\nimmutable: true\n';
    await expect(server.apply(twice)).rejects.toThrow(/"immutable" already set in map/);
  });

  test('refuses a pod whose runtime class it does not have', async () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: { name: early }\nspec:\n  runtimeClassName: later\n';
    await expect(server.apply(`${pod}  containers: [{ name: main, image: "a:1" }]`)).rejects.toThrow(
      /RuntimeClass "later" not found/,
    );
  });
});
