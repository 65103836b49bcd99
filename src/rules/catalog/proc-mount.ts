import { textOf } from '../../core/json';
import { everyContainer, orElse } from '../cel';
import { ofContainers, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const procMount: Rule = {
  id: 'proc-mount',
  severity: RuleSeverity.ERROR,
  reason: 'Sysbox emulates /proc, so it is never needed, and Pod Security Restricted rejects it in every version',
  remedy: "Omit 'procMount'",
  source: 'pod-security-admission policy/check_procMount_restricted.go',
  cel: everyContainer(`${orElse('c.securityContext.procMount', "'Default'")} == 'Default'`),
  about: ['securityContext'],
  check: (pod) =>
    ofContainers(pod, (c) =>
      when(
        (c.securityContext.procMount ?? 'Default') !== 'Default',
        [...c.at, 'securityContext', 'procMount'],
        `container '${c.name}' has procMount ${textOf(c.securityContext.procMount)}`,
      ),
    ),
};
