import { App, Chart } from 'cdk8s';
import { PolicyAction, SystemPodPolicy } from '../../src/policy';
import { SystemPodRules } from '../../src/rules';
import { buildTimeout } from '../cluster/build';
import { table } from '../rules/table';
import { Denials, evaluate, hasGo } from './cel';

const celRules = SystemPodRules.all().filter((rule) => rule.cel !== undefined);
const rows = table.filter((row) => celRules.some((rule) => rule.id === row.rule));

function policies(): ReturnType<Chart['toJson']> {
  const chart = new Chart(new App(), 'policies');
  new SystemPodPolicy(chart, 'policy', { actions: [PolicyAction.WARN] });
  return chart.toJson().filter((object) => object.kind === 'ValidatingAdmissionPolicy');
}

/** The rows that a rule denies although it passes them, or passes although it denies them. */
function disagreements(denials: Denials): string[] {
  return rows
    .filter((row, i) => denials[i]?.some((message) => message.includes(`rule ${row.rule}:`)) !== (row.at !== undefined))
    .map((row) => `${row.rule}: ${row.name}`);
}

if (hasGo()) {
  test(
    'the CEL of every rule agrees with its TypeScript on the whole rule table',
    async () => {
      const denials = await evaluate(
        policies(),
        rows.map((row) => row.manifests[0]),
      );

      expect(rows.length).toBeGreaterThan(140);
      // CEL that does not compile, or fails, denies every object with a message of its own
      const failures = denials.flat().filter((message) => !/^rule [a-z0-9-]+: /.test(message));
      expect([...new Set(failures)]).toEqual([]);
      expect(disagreements(denials)).toEqual([]);
    },
    buildTimeout,
  );

  test(
    'an inverted CEL disagrees on every row of its rule',
    async () => {
      const inverted = policies();
      for (const validation of inverted.flatMap((policy) => policy.spec.validations)) {
        validation.expression = `!(${validation.expression})`;
      }

      const denials = await evaluate(
        inverted,
        rows.map((row) => row.manifests[0]),
      );

      expect(disagreements(denials)).toEqual(rows.map((row) => `${row.rule}: ${row.name}`));
    },
    buildTimeout,
  );
} else {
  console.warn('Go is not on the PATH: the CEL of the rules is NOT evaluated here. CI evaluates it');
}

test('CI fails without Go, and only CI', () => {
  expect(hasGo({ PATH: '/nonexistent' })).toBe(false);
  expect(() => hasGo({ PATH: '/nonexistent', CI: 'true' })).toThrow(
    'CI must evaluate the CEL of the rules: install it',
  );
});
