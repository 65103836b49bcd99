import { parseArgs } from 'node:util';
import { ClusterObjects, kubectl, readCluster, readFiles } from './status-cluster';
import { ClusterStatus, clusterStatus, hasFailed, isDone } from './status-report';
import { refuseUnknownOptions } from './options';
import { statusTable } from './status-table';

/** @internal */
export const STATUS_USAGE = `Usage: cdk8s-sysbox status [options] [files, directories or -]
       kubectl sysbox status [options]

Shows what each node is doing, and why one failed and what to do about it. AGE is the time since the installer last reported
about the node. Reads the cluster through kubectl (or $KUBECTL), or files that
\`kubectl get nodes,daemonsets,pods,configmaps,events -A --show-managed-fields -o json\` wrote.

  -o json, --output json  print one JSON object
  -w, --watch             print again whenever something changes, until nothing is waited for or something failed
  -a, --all               print every node; by default 50 of more than 50, those that failed or wait first
  --context, --kubeconfig passed to kubectl
  --help                  this text

Exit code: 0 nothing failed, 1 something failed, 2 wrong usage or the cluster cannot be read.
`;

/** What the command needs of the world. @internal */
export interface StatusIo {
  read(): ClusterObjects;
  write(text: string): void;
  sleep(): Promise<void>;
  now(): Date;
}

const POLL_MILLISECONDS = 5000;

const OPTIONS = {
  output: { type: 'string', short: 'o', default: 'table' },
  all: { type: 'boolean', short: 'a', default: false },
  watch: { type: 'boolean', short: 'w', default: false },
  context: { type: 'string' },
  kubeconfig: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Runs the command; the exit code is the result. @internal */
export async function status(argv: string[], world: Partial<StatusIo> = {}): Promise<number> {
  refuseUnknownOptions(argv, OPTIONS);
  const { values, positionals } = parseArgs({ args: argv, allowPositionals: true, options: OPTIONS });
  const io: StatusIo = {
    read: () => (positionals.length > 0 ? readFiles(positionals) : readCluster(kubectl(connection(values)))),
    write: (text) => process.stdout.write(text),
    sleep: () => new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS)),
    now: () => new Date(),
    ...world,
  };
  if (values.help) {
    io.write(STATUS_USAGE);
    return 0;
  }
  const format = formatOf(values.output);
  const show = (of: ClusterStatus) =>
    io.write(
      format === 'json' ? `${JSON.stringify(of, undefined, 2)}\n` : statusTable(of, { now: io.now(), all: values.all }),
    );
  let current = clusterStatus(io.read(), io.now());
  show(current);
  while (values.watch && !isDone(current) && !hasFailed(current)) {
    await io.sleep();
    const next = clusterStatus(io.read(), io.now());
    if (JSON.stringify(next) !== JSON.stringify(current)) {
      io.write('\n');
      show(next);
    }
    current = next;
  }
  return hasFailed(current) ? 1 : 0;
}

function formatOf(output: string): 'json' | 'table' {
  if (output === 'json' || output === 'table') return output;
  throw new Error(`--output '${output}' is not a format. Write json or table`);
}

function connection({ context, kubeconfig }: { context?: string; kubeconfig?: string }): string[] {
  return [...(context ? ['--context', context] : []), ...(kubeconfig ? ['--kubeconfig', kubeconfig] : [])];
}
