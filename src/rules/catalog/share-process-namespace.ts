import { orElse } from '../cel';
import { when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

/** @internal */
export const shareProcessNamespace: Rule = {
  id: 'share-process-namespace',
  severity: RuleSeverity.ERROR,
  reason: 'the pause process is PID 1 then, so that neither systemd nor an engine that expects to be PID 1 runs',
  remedy: "Leave out 'shareProcessNamespace'",
  source: 'sysbox docs/user-guide/deploy.md',
  cel: `!${orElse('variables.spec.shareProcessNamespace', 'false')}`,
  about: ['shareProcessNamespace'],
  check: (pod) =>
    [
      when(pod.spec.shareProcessNamespace === true, ['shareProcessNamespace'], "'shareProcessNamespace' is true"),
    ].flatMap((problem) => problem ?? []),
};
