import { orElse } from '../cel';
import { Rule, RuleSeverity } from '../rule';

const FIELDS = ['hostNetwork', 'hostPID', 'hostIPC'];

/** @internal */
export const hostNamespaces: Rule = {
  id: 'host-namespaces',
  severity: RuleSeverity.ERROR,
  notAcknowledgeable: true,
  reason: "the API server rejects a pod that shares a namespace with the host and has 'hostUsers: false'",
  remedy: 'Omit it, and reach the pod through a Service',
  source: 'kubernetes pkg/apis/core/validation; KEP-127; sysbox docs/user-guide/limitations.md',
  cel: FIELDS.map((field) => `!${orElse(`variables.spec.${field}`, 'false')}`).join(' && '),
  about: ['hostNetwork', 'hostPID', 'hostIPC'],
  check: (pod) =>
    FIELDS.filter((field) => pod.spec[field] === true).map((field) => ({ at: [field], what: `'${field}' is true` })),
};
