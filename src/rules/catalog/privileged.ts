import { everyContainer, orElse } from '../cel';
import { ofContainers, when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

/** @internal */
export const privileged: Rule = {
  id: 'privileged',
  severity: RuleSeverity.ERROR,
  reason:
    'Sysbox does not support it, Pod Security Baseline refuses it, and nothing inside a system container needs it',
  remedy: "Leave out 'privileged': root inside has every capability within its own namespaces",
  source: 'sysbox docs/user-guide/limitations.md',
  cel: everyContainer(`!${orElse('c.securityContext.privileged', 'false')}`),
  about: ['securityContext'],
  check: (pod) =>
    ofContainers(pod, (c) =>
      when(
        c.securityContext.privileged === true,
        [...c.at, 'securityContext', 'privileged'],
        `container '${c.name}' is privileged`,
      ),
    ),
};
