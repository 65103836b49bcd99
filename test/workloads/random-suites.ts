import { Yaml } from 'cdk8s';
import * as fc from 'fast-check';
import { ApiServer, startApiServer } from '../cluster/api-server';
import { buildTimeout, Minor } from '../cluster/build';
import { KubeObject } from '../cluster/client';
import { schemaMinors, validateStrictly } from '../schema/strict';
import { randomWorkload, synthesize } from './random';

const CASES = 2000;

/** What random workloads render, where they are no error; those of a runtime that no cluster has are left out. */
function manifests(): KubeObject[][] {
  return fc
    .sample(randomWorkload, { numRuns: CASES, seed: 7 })
    .filter(({ options }) => (options.runtimeClassName ?? 'sysbox-runc') === 'sysbox-runc')
    .flatMap((random) => {
      const { objects } = synthesize(random);
      return objects ? [objects as KubeObject[]] : [];
    });
}

/** A real API server takes whatever is synthesized. Call it from a test file of test/cluster. */
export function randomWorkloadsOnServer(minor: Minor): void {
  describe(`random workloads, Kubernetes ${minor}`, () => {
    let server: ApiServer;
    beforeAll(async () => {
      server = await startApiServer({ minor });
      const runtimeClass = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'sysbox-runc' } };
      await server.apply(Yaml.stringify({ ...runtimeClass, handler: 'sysbox-runc' }));
    }, buildTimeout);
    afterAll(() => server?.stop());

    test('are accepted when they are synthesized', async () => {
      const all = manifests();
      const refusals: string[] = [];
      for (const object of all.flat()) {
        const collection = (await server.pathOf(object)).replace(/\/[^/]*$/, '');
        await server
          .create(collection, object, { dryRun: 'All' })
          .catch((error: Error) => refusals.push(`${error.message}\n${JSON.stringify(object)}`));
      }
      console.log(
        `random workloads on ${minor}: ${CASES} cases, ${all.length} synthesized, ${refusals.length} refused`,
      );
      expect(refusals).toEqual([]);
    }, 600_000);
  });
}

/** The strict schemas take whatever is synthesized. Call it from a test file of test/schema. */
export function randomWorkloadsInSchemas(): void {
  test.each(schemaMinors)(
    'random workloads fit the schemas of %s',
    async (minor) => {
      const text = Yaml.stringify(...manifests().flat());

      expect(await validateStrictly(text, minor)).toEqual([]);
    },
    600_000,
  );
}
