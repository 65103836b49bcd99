import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { unitWord } from '../core/unit-word';
import { machineFiles } from '../systemd/machine-files';
import { SystemdMachine } from '../systemd/systemd-machine';
import { ISystemWorkload } from '../workloads';
import { hookCommand, programCommand } from './pod-programs';

/** The first process of a nested node. */
export enum K3sInit {
  /** K3s itself. */
  K3S = 'k3s',

  /** systemd, with K3s as its unit "k3s.service": a node that can have other units, a journal and logins. */
  SYSTEMD = 'systemd',
}

/** @internal */
export interface K3sProcess {
  readonly init?: K3sInit;
  /** The command of K3s, "server" or "agent", and its flags. */
  readonly args: string[];
  /** How long a stop may take, the drain included. */
  readonly stopSeconds: number;
}

/**
 * Adds the container in which K3s runs.
 *
 * @internal
 */
export function addK3s(workload: ISystemWorkload, container: kplus.ContainerProps, k3s: K3sProcess): kplus.Container {
  return k3s.init === K3sInit.SYSTEMD ? unitOf(workload, container, k3s) : firstProcessOf(workload, container, k3s);
}

function firstProcessOf(workload: ISystemWorkload, container: kplus.ContainerProps, k3s: K3sProcess): kplus.Container {
  workload.system._change((spec) => ({
    ...spec,
    terminationGracePeriodSeconds: Math.max(spec.terminationGracePeriodSeconds ?? 0, k3s.stopSeconds),
  }));
  return workload.addContainer({
    ...container,
    command: programCommand('start.sh'),
    args: k3s.args,
    lifecycle: { preStop: kplus.Handler.fromCommand(hookCommand('stop.sh')) },
  });
}

/**
 * Adds the container in which K3s runs as a native sidecar: it is killed with the pod, and nothing is drained.
 *
 * @internal
 */
export function addSidecar(
  workload: ISystemWorkload,
  container: kplus.ContainerProps,
  k3s: K3sProcess,
): kplus.Container {
  if (k3s.init === K3sInit.SYSTEMD) {
    throw new Error(`${workload.node.path}: an ephemeral cluster has K3s as its first process. Leave init out`);
  }
  return workload.addInitContainer({
    ...container,
    command: programCommand('start.sh'),
    args: k3s.args,
    restartPolicy: kplus.ContainerRestartPolicy.ALWAYS,
  });
}

const UNIT = 'k3s.service';

function unitOf(workload: ISystemWorkload, container: kplus.ContainerProps, k3s: K3sProcess): kplus.Container {
  const machine = SystemdMachine.on(workload, {
    container,
    wantedUnits: [UNIT],
    stopTimeout: Duration.seconds(k3s.stopSeconds),
  });
  const files = machineFiles(machine, 'k3s-unit', 'k3s-unit', { [UNIT]: unitFile(k3s) });
  machine.container.mount(`/etc/systemd/system/${UNIT}`, files, { subPath: UNIT, readOnly: true });
  return machine.container;
}

/**
 * The unit as K3s' install.sh writes it, plus our programs. systemd also runs ExecStop= after a process that exited by itself,
 * without a MAINPID: a node is not drained because its K3s crashed (systemd.service(5)).
 */
function unitFile({ args, stopSeconds }: K3sProcess): string {
  const stop = hookCommand('stop.sh').join(' ');
  return `[Unit]
Description=K3s, a node of a nested cluster

[Service]
Type=${args[0] === 'server' ? 'notify' : 'exec'}
ExecStart=/bin/${[...programCommand('start.sh'), ...args].map(unitWord).join(' ')}
ExecStop=/bin/sh -c '[ -z "$MAINPID" ] || exec ${stop}'
TimeoutStartSec=infinity
TimeoutStopSec=${stopSeconds}
Restart=always
RestartSec=5s
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
`;
}
