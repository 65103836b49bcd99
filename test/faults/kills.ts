// SIGKILL at every command boundary of an operation. What a killed program leaves is the disk, so one run of the operation
// with a copy of the disk at every boundary gives all the states; each is then continued in three ways.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Known, putBack, type Tree, tree } from './states';
import { type FakeNode, MEMORY } from './world';

export interface Operation {
  /** A node on which the operation can begin. */
  readonly node: () => FakeNode;
  /** The operation; programs that get `env` are traced. */
  readonly act: (node: FakeNode, env: NodeJS.ProcessEnv) => void;
  /** What must hold when the operation was repeated after a kill. */
  readonly done: (node: FakeNode) => void;
  /** Paths of foreign files that the operation may replace, kept in the backup meanwhile. */
  readonly taken?: readonly string[];
  /** K3s does not come up with the new configuration, so before the dead-man has judged it need not run. */
  readonly breaks?: boolean;
  /** What a new release brings, which stays until the operation is repeated: the node is drained meanwhile. */
  readonly offered?: RegExp;
}

export interface Tally {
  boundaries: number;
  states: number;
  cases: number;
  /** Cases that came into a state from which another had already been followed to its end. */
  met: number;
}

/** For a quick check: only every n-th case. */
const EVERY = Number(process.env.FAULTS_EVERY ?? 1);

const STATE = '/var/lib/cdk8s-sysbox';

/** shadow's lock, with the id of the process that was killed: stale for shadow too, and removed when the operation is repeated. */
const LOCK = /^\/etc\/sub[ug]id\.lock$/;

/** @param every continue from every n-th state only */
export function killEverywhere(operation: Operation, every = 1): Tally {
  const node = operation.node();
  const trace = mkdtempSync(join(MEMORY, 'cdk8s-sysbox-trace-'));
  try {
    const before = picture(node);
    for (const directory of ['seen', 'states']) mkdirSync(join(trace, directory));
    for (const file of ['count', 'stamp']) writeFileSync(join(trace, file), '');
    operation.act(node, { TRACED: trace });
    const after = picture(node);
    const numbers = readdirSync(join(trace, 'states'))
      .map(Number)
      .sort((a, b) => a - b);
    if (numbers.length < 10) throw new Error(`only ${numbers.length} states were seen`);
    const known = new Known();
    let cases = 0;
    for (const number of numbers.filter((_, index) => index % (EVERY * every) === 0)) {
      for (const [name, goOn] of Object.entries(continuations(operation))) {
        putBack(node, join(trace, 'states', String(number)));
        node.sh('rm -rf "$SYS"/units/cdk8s-sysbox-*.service');
        cases++;
        try {
          known.follow(
            node,
            () => goOn(node),
            () => check(node, before, after, operation),
          );
        } catch (error) {
          const story = ['host.log', 'guard.log', 'deadman.log'].map((log) => `${log}:\n${node.known(log)}`).join('\n');
          const journal = node.exists(`${STATE}/journal`) ? node.read(`${STATE}/journal`) : '';
          (error as Error).message =
            `killed at boundary ${number}, then ${name}: ${(error as Error).message}\n${story}\n${journal}`;
          throw error;
        }
      }
    }
    return { boundaries: statSync(join(trace, 'count')).size, states: numbers.length, cases, met: known.met };
  } finally {
    node.dispose();
    rmSync(trace, { recursive: true, force: true });
  }
}

function continuations(operation: Operation): Record<string, (node: FakeNode) => void> {
  return {
    'asked again': (node) => {
      operation.act(node, {});
      operation.done(node);
      const locks = Object.keys(tree(node)).filter((path) => LOCK.test(path));
      if (locks.length > 0) throw new Error(`${locks.join()} is still there`);
    },
    'a boot': (node) => node.boot(),
    'a foreign restart, and the dead-man': (node) => {
      node.foreignRestart();
      if (!operation.breaks) check.running(node);
      node.pass(700, 100);
    },
  };
}

export interface Picture {
  readonly files: Tree;
  readonly loaded: string;
}

const picture = (node: FakeNode): Picture => ({ files: tree(node), loaded: node.loaded() });

export { check, picture, STATE };

/** The node has the old or the new configuration, complete; nothing of ours is unknown; what is not ours is as it was. */
function check(node: FakeNode, before: Picture, after: Picture, operation: Operation): void {
  check.running(node);
  expect([before.loaded, after.loaded]).toContain(node.loaded());
  const files = tree(node);
  const owned = new Set(node.owned());
  for (const [path, content] of Object.entries(files)) {
    if (path === STATE || path.startsWith(`${STATE}/`)) continue;
    // CRI-O reads every file of its directory, so a partial one is in the directory above.
    const name = path
      .replace(/\.cdk8s-sysbox-(new|guard)$/, '')
      .replace(/^\/etc\/crio\/cdk8s-sysbox\.toml$/, '/etc/crio/crio.conf.d/cdk8s-sysbox.toml');
    const ours = owned.has(name) || path.startsWith('/opt/sysbox/releases/');
    if (!ours && before.files[path] !== content && after.files[path] !== content) {
      throw new Error(`${path} is neither as before nor as after, and not known as ours`);
    }
    if (!ours && !(path in before.files) && !(path in after.files)) throw new Error(`${path} is an orphan`);
    if (
      name === path &&
      ours &&
      !LOCK.test(path) &&
      !operation.offered?.test(path) &&
      ![before.files[path], after.files[path]].includes(content)
    ) {
      throw new Error(`${path} is neither old nor new: ${content}`);
    }
  }
  for (const [path, content] of Object.entries(before.files)) {
    const foreign = !path.startsWith(STATE) && path in after.files;
    if (!foreign || files[path] !== undefined || operation.taken?.includes(path)) continue;
    if (after.files[path] === content) throw new Error(`${path} is gone`);
  }
}

check.running = (node: FakeNode): void => {
  if (!node.k3sRuns()) throw new Error('K3s does not run');
};

export function print(name: string, tally: Tally): void {
  process.stdout.write(
    `  ${name}: ${tally.boundaries} command boundaries, ${tally.states} distinct disks, ${tally.cases} cases (${tally.met} joined another)\n`,
  );
}
