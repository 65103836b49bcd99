import { everyContainer, orElse } from '../cel';
import { ofContainers, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const privileged: Rule = {
  id: 'privileged',
  severity: RuleSeverity.ERROR,
  reason:
    'Sysbox does not support privileged containers, Pod Security Baseline rejects them, and a system container does not need it',
  remedy: "Omit 'privileged': root in the container has every capability in its own namespaces",
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
