import { celList, everyContainer, orElse } from '../cel';
import { mapOf, stringsOf } from '../../core/json';
import { Rule, RuleSeverity } from '../rule';

const BASELINE = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

/** @internal */
export const capabilities: Rule = {
  id: 'capabilities',
  severity: RuleSeverity.ERROR,
  reason:
    'Sysbox grants uid 0 every capability in the container and ignores the list, and Pod Security Baseline rejects it',
  remedy: "Omit 'capabilities.add'",
  source: 'sysbox docs/user-guide/configuration.md; Pod Security Standards, Baseline',
  cel: everyContainer(`${orElse('c.securityContext.capabilities.add', '[]')}.all(a, a in ${celList(BASELINE)})`),
  about: ['securityContext'],
  check: (pod) =>
    pod.containers.flatMap((c) =>
      stringsOf(mapOf(c.securityContext.capabilities).add)
        .filter((capability) => !BASELINE.includes(capability))
        .map((capability) => ({
          at: [...c.at, 'securityContext', 'capabilities', 'add'],
          what: `container '${c.name}' adds the capability ${capability}`,
        })),
    ),
};
