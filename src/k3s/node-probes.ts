import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { K3sNodeProps } from './k3s-node-props';
import { K3sRole } from './k3s-role';
import { hookCommand, PROGRAMS_PATH } from './pod-programs';

/** Written by after-start.sh once the node has started; only this file is looked at, as often as wanted. */
const STARTED = '/run/cdk8s-sysbox/started';

const STARTUP_PERIOD = 5;

/**
 * How long a probe may take. A probe that is cut off tells nothing: on a machine whose processes start slowly it would keep a
 * node from ever being Ready.
 */
const PATIENCE = Duration.seconds(60);

/** Port of the kubelet's own health, without TLS and credentials. */
const KUBELET_HEALTH = 10248;

/**
 * The probes of a node, which start no process in it, and what they need of K3s.
 *
 * @internal
 */
export interface NodeProbes {
  readonly startup: kplus.Probe;
  readonly readiness: kplus.Probe;
  readonly args: string[];
}

/** @internal */
export function nodeProbes(role: K3sRole, props: K3sNodeProps): NodeProbes {
  const startTimeout = props.startTimeout ?? Duration.minutes(10);
  const startup = kplus.Probe.fromCommand(['sh', '-c', `[ -e ${STARTED} ]`], {
    periodSeconds: Duration.seconds(STARTUP_PERIOD),
    timeoutSeconds: PATIENCE,
    failureThreshold: Math.max(1, Math.ceil(startTimeout.toSeconds() / STARTUP_PERIOD)),
  });
  if (role.role === 'agent') return { startup, ...kubeletHealth() };
  return { startup, ...(answersAnonymously(props) ? apiServerHealth() : askedFromInside(startTimeout)) };
}

function kubeletHealth() {
  return {
    readiness: kplus.Probe.fromHttpGet('/healthz', { port: KUBELET_HEALTH, timeoutSeconds: PATIENCE }),
    args: ['--kubelet-arg=healthz-bind-address=$(POD_IP)'],
  };
}

function apiServerHealth() {
  return {
    readiness: kplus.Probe.fromHttpGet('/readyz', {
      port: 6443,
      scheme: kplus.ConnectionScheme.HTTPS,
      timeoutSeconds: PATIENCE,
    }),
    args: [`--kube-apiserver-arg=authentication-config=${PROGRAMS_PATH}/authentication.yaml`],
  };
}

/** kubectl is all of K3s in one binary, so it is run seldom, and given the time that a start may take. */
function askedFromInside(startTimeout: Duration) {
  return {
    readiness: kplus.Probe.fromCommand(hookCommand('ready.sh'), {
      periodSeconds: Duration.seconds(30),
      timeoutSeconds: startTimeout,
    }),
    args: [],
  };
}

/**
 * Whether the API server can let anybody see its health and nothing else. K3s 1.33.0 and older set a flag that excludes such a
 * configuration (k3s#12245), and there is one configuration, which may be the user's.
 */
function answersAnonymously({ version, kubeApiserverArgs = [] }: K3sNodeProps): boolean {
  const [, minor, patch] = /^v1\.(\d+)\.(\d+)/.exec(version) ?? [];
  const since = Number(minor) > 33 || (minor === '33' && Number(patch) >= 1);
  return since && !kubeApiserverArgs.some((arg) => /^(authentication-config|anonymous-auth)(=|$)/.test(arg));
}
