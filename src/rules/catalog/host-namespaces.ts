import { orElse } from '../cel';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

const FIELDS = ['hostNetwork', 'hostPID', 'hostIPC'];

/** @internal */
export const hostNamespaces: Rule = {
  id: 'host-namespaces',
  severity: RuleSeverity.ERROR,
  final: true,
  reason: "the API server refuses a pod that shares a namespace of the host and has 'hostUsers: false'",
  remedy: 'Leave it out, and reach the pod through a Service',
  source: 'kubernetes pkg/apis/core/validation; KEP-127; sysbox docs/user-guide/limitations.md',
  cel: FIELDS.map((field) => `!${orElse(`variables.spec.${field}`, 'false')}`).join(' && '),
  about: ['hostNetwork', 'hostPID', 'hostIPC'],
  check: (pod) =>
    FIELDS.filter((field) => pod.spec[field] === true).map((field) => ({ at: [field], what: `'${field}' is true` })),
};
