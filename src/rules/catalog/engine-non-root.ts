import { everyContainer, orElse } from '../cel';
import { listOf, textOf } from '../../core/json';
import { ContainerFacts } from '../pod-facts';
import { ofContainers, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

const ENGINE = '^(.*/)?(dockerd|containerd|k3s|rke2|k0s|kubelet)$|^/sbin/init$';
const isEngine = new RegExp(ENGINE);
// images whose entrypoint is an engine, unless their arguments begin with another program
const IMAGE = '(^|/)(docker:[^/]*dind|rancher/k3s:|k0sproject/k0s:)';
const isEngineImage = new RegExp(IMAGE);
const ARGUMENT = '^(-.*|dockerd|server|agent|controller|worker)?$';
const isEngineArgument = new RegExp(ARGUMENT);

/** @internal */
export const engineNonRoot: Rule = {
  id: 'engine-non-root',
  severity: RuleSeverity.ERROR,
  reason: 'Sysbox grants capabilities to uid 0 only, and neither systemd nor an engine starts without them',
  remedy: "Omit 'runAsUser' and 'runAsNonRoot': root in the container is an unprivileged user on the node",
  source: 'sysbox docs/user-guide/limitations.md',
  cel: everyContainer(
    `!(c.?command.orValue([]).size() > 0 ? c.command[0].matches('${ENGINE}') : ` +
      `c.?image.orValue('').matches('${IMAGE}') && c.?args[?0].orValue('').matches('${ARGUMENT}')) || ` +
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

function engineOf({ command, json }: ContainerFacts): string | undefined {
  const [first] = command;
  if (first !== undefined) return isEngine.test(first) ? first : undefined;
  const image = textOf(json.image);
  return isEngineImage.test(image) && isEngineArgument.test(textOf(listOf(json.args)[0])) ? image : undefined;
}
