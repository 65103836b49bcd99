import * as fc from 'fast-check';
import { SystemPodRules } from '../../src/rules';
import { randomWorkload, synthesize } from './random';

test('any workload is either an error that says where, or follows every rule', () => {
  const outcomes = { cases: 0, errors: 0, manifests: 0 };

  fc.assert(
    fc.property(randomWorkload, (random) => {
      outcomes.cases += 1;
      const { objects, error } = synthesize(random);
      if (error !== undefined) {
        outcomes.errors += 1;
        expect(error).not.toMatch(/TypeError|undefined/);
        expect(error).toMatch(/test\/it|RuntimeReference\.fromRuntimeClassName\(\)|clusterVersion 'x'/);
        return;
      }
      outcomes.manifests += 1;
      const runtimeClassNames = [random.options.runtimeClassName ?? 'sysbox-runc'];
      const findings = SystemPodRules.check(objects as object[], { runtimeClassNames });
      const blocking = findings.filter((f) => f.severity === 'error' && f.acknowledged === undefined);
      expect(blocking).toEqual([]);
    }),
    { numRuns: 1200, seed: 20261124 },
  );

  console.log(`random workloads: ${JSON.stringify(outcomes)}`);
  expect(outcomes.manifests).toBeGreaterThan(200);
  expect(outcomes.errors).toBeGreaterThan(200);
});
