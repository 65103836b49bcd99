import { orElse } from '../cel';
import { mapOf } from '../../core/json';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const windows: Rule = {
  id: 'windows',
  severity: RuleSeverity.ERROR,
  notAcknowledgeable: true,
  reason: "Sysbox runs on Linux only, and the API server rejects 'hostUsers' in a Windows pod",
  remedy: "Omit 'os', or the RuntimeClass",
  source: 'kubernetes pkg/apis/core/validation, validateWindows',
  cel: `${orElse('variables.spec.os.name', "''")} != 'windows'`,
  about: ['os'],
  check: (pod) =>
    mapOf(pod.spec.os).name === 'windows' ? [{ at: ['os', 'name'], what: 'the pod is for Windows' }] : [],
};
