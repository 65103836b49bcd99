import { everyContainer, orElse } from '../cel';
import { ofContainers, when } from '../problems';
import { CEL_RUNS_ENGINE, engineOf } from '../programs';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const engineNonRoot: Rule = {
  id: 'engine-non-root',
  severity: RuleSeverity.ERROR,
  reason: 'Sysbox grants capabilities to uid 0 only, and neither systemd nor an engine starts without them',
  remedy: "Omit 'runAsUser' and 'runAsNonRoot': root in the container is an unprivileged user on the node",
  source: 'sysbox docs/user-guide/limitations.md',
  cel: everyContainer(
    `!(${CEL_RUNS_ENGINE}) || ` +
      `${orElse('c.securityContext.runAsUser', orElse('variables.spec.securityContext.runAsUser', '0'))} == 0 && ` +
      `!${orElse('c.securityContext.runAsNonRoot', orElse('variables.spec.securityContext.runAsNonRoot', 'false'))}`,
  ),
  about: ['securityContext'],
  check: (pod) =>
    ofContainers(pod, (c) => {
      const user = c.securityContext.runAsUser ?? pod.securityContext.runAsUser ?? 0;
      const nonRoot = c.securityContext.runAsNonRoot ?? pod.securityContext.runAsNonRoot ?? false;
      const engine = engineOf(c);
      return when(
        engine !== undefined && (user !== 0 || nonRoot === true),
        [...c.at, 'securityContext'],
        `container '${c.name}' runs ${engine} as a user other than root`,
      );
    }),
};
