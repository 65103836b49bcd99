import { everyContainer, orElse } from '../cel';
import { ofContainers, when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

const ENGINE = '^(.*/)?(dockerd|containerd|k3s|rke2|k0s|kubelet)$|^/sbin/init$';
const isEngine = new RegExp(ENGINE);

/** @internal */
export const engineNonRoot: Rule = {
  id: 'engine-non-root',
  severity: RuleSeverity.ERROR,
  reason: 'Sysbox gives capabilities to uid 0 only, and systemd and the engines do not start without them',
  remedy: "Leave out 'runAsUser' and 'runAsNonRoot': root inside is nobody on the node",
  source: 'sysbox docs/user-guide/limitations.md',
  cel: everyContainer(
    `c.?command.orValue([]).size() == 0 || !c.command[0].matches('${ENGINE}') || ` +
      `${orElse('c.securityContext.runAsUser', orElse('variables.spec.securityContext.runAsUser', '0'))} == 0 && ` +
      `!${orElse('c.securityContext.runAsNonRoot', orElse('variables.spec.securityContext.runAsNonRoot', 'false'))}`,
  ),
  about: ['securityContext'],
  check: (pod) =>
    ofContainers(pod, (c) => {
      const user = c.securityContext.runAsUser ?? pod.securityContext.runAsUser ?? 0;
      const nonRoot = c.securityContext.runAsNonRoot ?? pod.securityContext.runAsNonRoot ?? false;
      const engine = c.command[0] !== undefined && isEngine.test(c.command[0]);
      return when(
        engine && (user !== 0 || nonRoot === true),
        [...c.at, 'securityContext'],
        `container '${c.name}' runs ${c.command[0]} as another user than root`,
      );
    }),
};
