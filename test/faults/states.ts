// The files of a fake node: listed, copied, put back, and compared with states that were met before.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FakeNode, MEMORY } from './world';

export type Tree = Record<string, string>;

/** Every file, directory and link with its content and mode, but for what a running system changes by itself. */
export function tree(node: FakeNode): Tree {
  const found: Tree = {};
  const volatile =
    /^\/(proc|run|sys)(\/|$)|\/containerd\.log$|\/agent\/etc\/containerd\/config\.toml$|^\/etc\/k0s\/containerd\.toml$/;
  const walk = (directory: string) => {
    for (const entry of readdirSync(node.path(directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (volatile.test(path)) continue;
      if (entry.isDirectory()) {
        found[path] = 'directory';
        walk(path);
      } else if (entry.isSymbolicLink()) found[path] = `-> ${readlinkSync(node.path(path))}`;
      else found[path] = readFileSync(node.path(path), 'utf8');
    }
  };
  walk('/');
  return found;
}

/** Copies a node's directories back to where they were taken from. */
export function putBack(node: FakeNode, state: string): void {
  spawnSync('find', [node.root, node.sys, '-mindepth', '1', '-delete']);
  spawnSync('cp', ['-a', join(state, 'root'), join(state, 'sys'), node.directory]);
}

export function copyOf(node: FakeNode): string {
  const state = mkdtempSync(join(MEMORY, 'cdk8s-sysbox-state-'));
  cpSync(node.root, join(state, 'root'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  cpSync(node.sys, join(state, 'sys'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  return state;
}

/** What a node does next depends on nothing else: its files and the stand-ins' state, but for logs, the last report and the time of day. */
function digest(node: FakeNode): string {
  const hash = createHash('md5');
  const uptime = node.uptime();
  const walk = (directory: string) => {
    for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (/\.log$|\/status\.json|\/proc\/uptime$|\/sys\/log$/.test(path)) continue;
      hash.update(`${path}\0`);
      if (entry.isSymbolicLink()) hash.update(readlinkSync(path));
      else {
        hash.update(String(statSync(path).mode));
        if (entry.isDirectory()) walk(path);
        else if (entry.name === 'due') hash.update(String(Number(readFileSync(path, 'utf8')) - uptime));
        else hash.update(readFileSync(path));
      }
    }
  };
  walk(node.root);
  walk(node.sys);
  return hash.digest('hex');
}

class MetBefore extends Error {}

/** States before a command from which an operation was seen to come to its end: it need not be seen again. */
export class Known {
  private readonly states = new Set<string>();
  public met = 0;

  /** Continues until the end, which `end` checks, or until a state that is known to lead there. */
  public follow(node: FakeNode, act: () => void, end: () => void): void {
    const path: string[] = [];
    node.beforeRun = (command) => {
      const state = `${command} ${digest(node)}`;
      if (this.states.has(state)) throw new MetBefore();
      path.push(state);
    };
    try {
      act();
      end();
    } catch (error) {
      if (!(error instanceof MetBefore)) throw error;
      this.met++;
    } finally {
      node.beforeRun = undefined;
    }
    for (const state of path) this.states.add(state);
  }
}
