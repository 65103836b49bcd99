import { celList, everyContainer, orElse } from '../cel';
import { mapOf, stringsOf } from '../../core/json';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

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
  reason: 'Sysbox gives uid 0 every capability inside and ignores the list, while Pod Security Baseline refuses it',
  remedy: "Leave out 'capabilities.add'",
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
