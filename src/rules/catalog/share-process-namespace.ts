import { orElse } from '../cel';
import { when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const shareProcessNamespace: Rule = {
  id: 'share-process-namespace',
  severity: RuleSeverity.ERROR,
  reason: 'the pause process becomes PID 1, so neither systemd nor an engine that must be PID 1 runs',
  remedy: "Omit 'shareProcessNamespace'",
  source: 'sysbox docs/user-guide/deploy.md',
  cel: `!${orElse('variables.spec.shareProcessNamespace', 'false')}`,
  about: ['shareProcessNamespace'],
  check: (pod) =>
    [
      when(pod.spec.shareProcessNamespace === true, ['shareProcessNamespace'], "'shareProcessNamespace' is true"),
    ].flatMap((problem) => problem ?? []),
};
