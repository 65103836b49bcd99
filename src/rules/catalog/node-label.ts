import { orElse } from '../cel';
import { mapOf, textOf } from '../../core/json';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const nodeLabel: Rule = {
  id: 'node-label',
  severity: RuleSeverity.ERROR,
  reason:
    "the RuntimeClass selects nodes with 'sysbox-runtime: running', and the API server rejects a pod that contradicts it",
  remedy: "Omit 'sysbox-runtime' from 'nodeSelector'",
  source: 'kubernetes plugin/pkg/admission/runtimeclass; sysbox-deploy-k8s manifests',
  cel: `${orElse('variables.spec.nodeSelector', '{}')}[?'sysbox-runtime'].orValue('running') == 'running'`,
  about: ['nodeSelector'],
  check: (pod) => {
    const value = mapOf(pod.spec.nodeSelector)['sysbox-runtime'] ?? 'running';
    if (value === 'running') return [];
    return [
      { at: ['nodeSelector', 'sysbox-runtime'], what: `the pod selects nodes with 'sysbox-runtime: ${textOf(value)}'` },
    ];
  },
};
