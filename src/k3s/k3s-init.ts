import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { machineFiles } from '../systemd/machine-files';
import { SystemdMachine } from '../systemd/systemd-machine';
import { ISystemWorkload } from '../workloads';
import { programCommand } from './pod-programs';

/** What is the first process of a nested node, from which all others descend. */
export enum K3sInit {
  /** K3s itself: nothing else runs that is not needed. */
  K3S = 'k3s',

  /** systemd, with K3s as its unit "k3s.service": a node that also has other units, a journal and logins, as a machine has. */
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
    lifecycle: { preStop: kplus.Handler.fromCommand(programCommand('stop.sh')) },
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
 * The unit as K3s' install.sh writes it, with our programs around it. systemd also runs ExecStop= after a process that ended
 * by itself, when there is no MAINPID: a node is not drained because its K3s crashed (systemd.service(5)).
 */
function unitFile({ args, stopSeconds }: K3sProcess): string {
  const stop = programCommand('stop.sh').join(' ');
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

/** A word of a command line of systemd, in which a variable is written as in a container's. */
function unitWord(word: string): string {
  const escaped = word
    .replace(/[\\"]/g, '\\$&')
    .replace(/%/g, '%%')
    .replace(/\$(?!\([A-Za-z_][A-Za-z0-9_]*\))/g, '$$$$')
    .replace(/\$\((\w+)\)/g, '${$1}');
  return /^[A-Za-z0-9_./:=,@%${}+-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}
