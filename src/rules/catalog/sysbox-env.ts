import { celList, celString, everyContainer } from '../cel';
import { Json, listOf, mapOf, textOf } from '../../core/json';
import { has } from '../pod-facts';
import { Problem, Rule, RuleSeverity } from '../rule';

const SWITCHES = [
  'SYSBOX_IGNORE_SYSFS_CHOWN',
  'SYSBOX_ALLOW_TRUSTED_XATTR',
  'SYSBOX_HONOR_CAPS',
  'SYSBOX_SYSCONT_MODE',
];
const PATHS = 'SYSBOX_SKIP_UID_SHIFT';
const SWITCH_VALUE = '^(TRUE|FALSE)$';
const PATHS_VALUE = '^/[^,]*(,/[^,]*)*$';
const isSwitchValue = new RegExp(SWITCH_VALUE);
const isPathsValue = new RegExp(PATHS_VALUE);

/** @internal */
export const sysboxEnv: Rule = {
  id: 'sysbox-env',
  severity: RuleSeverity.ERROR,
  notAcknowledgeable: true,
  reason: 'sysbox-runc refuses to create a container with an unknown SYSBOX_ variable or value',
  remedy: `Use ${SWITCHES.join(', ')} (TRUE or FALSE), or ${PATHS} (absolute paths separated by commas)`,
  source: 'sysbox-runc libsysbox/syscont/spec.go',
  cel: everyContainer(
    "c.?env.orValue([]).all(e, !e.name.startsWith('SYSBOX_') || " +
      `e.name in ${celList(SWITCHES)} && (has(e.valueFrom) || e.?value.orValue('').matches(${celString(SWITCH_VALUE)})) || ` +
      `e.name == ${celString(PATHS)} && (has(e.valueFrom) || e.?value.orValue('').matches(${celString(PATHS_VALUE)}))) && ` +
      "c.?envFrom.orValue([]).all(f, !f.?prefix.orValue('').startsWith('SYSBOX_'))",
  ),
  about: ['env', 'envFrom'],
  check: (pod) =>
    pod.containers.flatMap((c): Problem[] => [
      ...listOf(c.json.env).flatMap((variable, i) => {
        const what = problemOf(mapOf(variable));
        return what ? [{ at: [...c.at, 'env', i], what: `container '${c.name}' ${what}` }] : [];
      }),
      ...listOf(c.json.envFrom).flatMap((source, i) =>
        textOf(mapOf(source).prefix).startsWith('SYSBOX_')
          ? [{ at: [...c.at, 'envFrom', i], what: `container '${c.name}' creates variables with the prefix SYSBOX_` }]
          : [],
      ),
    ]),
};

function problemOf(variable: Record<string, Json>): string | undefined {
  const name = textOf(variable.name);
  if (!name.startsWith('SYSBOX_')) return undefined;
  const format = SWITCHES.includes(name) ? isSwitchValue : name === PATHS ? isPathsValue : undefined;
  if (format === undefined) return `sets ${name}`;
  if (has(variable, 'valueFrom') || format.test(textOf(variable.value))) return undefined;
  return `sets ${name} to '${textOf(variable.value)}'`;
}
