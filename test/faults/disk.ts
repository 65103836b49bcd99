// A disk that is full, or read-only, from one write on.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, type Operation, picture } from './kills';
import { copyOf, Known, putBack } from './states';
import { type FakeNode, MEMORY } from './world';

/** For a quick check: only every n-th case. */
const EVERY = Number(process.env.FAULTS_EVERY ?? 1);

/** The programs of the node scripts that change files, or stand right before a change. */
const WRITERS = ['chmod', 'cmp', 'cp', 'ln', 'mkdir', 'mv', 'rm', 'rmdir', 'sync'];

export interface DiskTally {
  writes: number;
  cases: number;
  met: number;
}

/**
 * The operation once for every write and kind of fault. On the bad disk, somebody restarts K3s; then the disk works again
 * and the operation is repeated.
 *
 * @param every only for every n-th write
 */
export function breakDiskEverywhere(operation: Operation, kinds = ['ENOSPC', 'EROFS'], every = 1): DiskTally {
  const node = operation.node();
  const directory = mkdtempSync(join(MEMORY, 'cdk8s-sysbox-disk-'));
  const shims = join(directory, 'shims');
  mkdirSync(shims);
  for (const writer of WRITERS) symlinkSync(join(__dirname, 'bin', 'shim'), join(shims, writer));
  const start = copyOf(node);

  const act = (at: number, kind: string) => {
    writeFileSync(join(directory, 'count'), '0\n');
    node.shims = `${shims}:`;
    node.patience = at === 0 ? 8 : 1;
    try {
      operation.act(node, { FAULT: directory, FAULT_AT: String(at), FAULT_KIND: kind });
    } catch (error) {
      if (at === 0) throw error;
    }
    node.shims = '';
    node.patience = 8;
    return Number(readFileSync(join(directory, 'count'), 'utf8'));
  };

  try {
    const before = picture(node);
    const counted = act(0, 'none');
    const writes = readFileSync(join(directory, 'distinct'), 'utf8').trim().split('\n').map(Number);
    if (writes.length < 15) throw new Error(`only ${writes.length} writes were counted`);
    const after = picture(node);
    const known = new Known();
    let cases = 0;
    for (const kind of kinds) {
      for (const at of writes.filter((_, index) => index % (EVERY * every) === 0)) {
        putBack(node, start);
        cases++;
        try {
          act(at, kind);
          node.foreignRestart();
          node.pass(700, 100);
          // A file that cannot be removed from a read-only disk stays: K3s cannot start before the disk works again.
          const helpless = kind === 'EROFS' && operation.breaks;
          if (helpless) {
            heal(node);
            node.pass(20);
          }
          if (!node.k3sRuns()) throw new Error('K3s does not run on the bad disk');
          if (![before.loaded, after.loaded].includes(node.loaded()))
            throw new Error('containerd has read something else');
          heal(node);
          known.follow(
            node,
            () => operation.act(node, {}),
            () => {
              operation.done(node);
              check(node, before, after, operation);
            },
          );
        } catch (error) {
          const story = ['host.log', 'guard.log', 'deadman.log'].map((log) => `${log}:\n${node.known(log)}`).join('\n');
          const journal = node.exists('/var/lib/cdk8s-sysbox/journal')
            ? node.read('/var/lib/cdk8s-sysbox/journal')
            : '';
          (error as Error).message =
            `${kind} from write ${at} of ${counted} on: ${(error as Error).message}\n${story}\n${journal}`;
          throw error;
        } finally {
          heal(node);
        }
      }
    }
    return { writes: writes.length, cases, met: known.met };
  } finally {
    node.dispose();
    for (const made of [directory, start]) rmSync(made, { recursive: true, force: true });
  }
}

function heal(node: FakeNode): void {
  spawnSync('mount', ['-o', 'remount,rw', node.root]);
  for (const filler of ['full', 'full2']) rmSync(join(node.root, filler), { force: true });
}

export function printDisk(name: string, tally: DiskTally): void {
  process.stdout.write(
    `  ${name} on a bad disk: ${tally.writes} writes, ${tally.cases} cases (${tally.met} joined another)\n`,
  );
}
