import { orElse } from '../cel';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const serviceLinks: Rule = {
  id: 'service-links',
  severity: RuleSeverity.WARNING,
  reason:
    'a Service in the namespace whose name begins with sysbox- injects SYSBOX_ variables, with which sysbox-runc refuses to start a container',
  remedy: "Set 'enableServiceLinks: false'",
  source: 'sysbox-runc libsysbox/syscont/spec.go; Kubernetes Services, environment variables',
  cel: `${orElse('variables.spec.enableServiceLinks', 'true')} == false`,
  check: (pod) =>
    pod.spec.enableServiceLinks === false ? [] : [{ at: ['enableServiceLinks'], what: 'service links are on' }],
};
