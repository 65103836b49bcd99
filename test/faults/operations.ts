// The operations on a node that can be killed.
import { createHash } from 'node:crypto';
import type { Operation } from './kills';
import { FakeNode, type NodeOptions } from './world';

export type Options = NodeOptions;

export const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

/** A node with the runtime, as an install leaves it. */
export function installed(options: NodeOptions = {}): FakeNode {
  const node = new FakeNode(options);
  expect(node.converge()).toMatchObject({ stage: 'verified' });
  return node;
}

const verified = (node: FakeNode) => {
  expect(node.status()).toMatchObject({ stage: 'verified' });
  expect(node.journal('state')).toBe('verified');
  expect(node.hasRuntime()).toBe(true);
};

const CONFIG = '/var/lib/rancher/k3s/agent/etc/containerd';

/** The recipe that people copy, with K3s's base: what a hand-written template looks like. */
export const HAND_WRITTEN = `# mine
{{ template "base" . }}
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'sysbox-runc']
  runtime_type = "io.containerd.runc.v2"
`;

export const TEMPLATE = `${CONFIG}/config-v3.toml.tmpl`;
export const OLD_TEMPLATE = `${CONFIG}/config.toml.tmpl`;

export const withTemplate = (path: string, settings: Record<string, string> = {}): NodeOptions => ({
  foreign: { [path]: HAND_WRITTEN },
  settings: { TAKEOVER: sha256(HAND_WRITTEN), ...settings },
});

/** Such a file of a plain containerd. */
export const WITHOUT_IMPORTS = `# theirs, with a password\nversion = 3\n\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\n  SystemdCgroup = true\n`;

/** A plain containerd whose configuration imports nothing, and is taken over. */
export const withoutImports = (config: string): NodeOptions => ({
  engine: 'containerd',
  foreign: { '/etc/containerd/config.toml': config },
  settings: { TAKEOVER: sha256(config) },
});

export const install = (options: NodeOptions = {}): Operation => ({
  node: () => new FakeNode(options),
  act: (node, env) => void node.converge(env),
  done: verified,
  taken: Object.keys(options.foreign ?? {}),
});

/** Another content of the drop-in. */
export const change: Operation = {
  node: () => {
    const node = installed();
    node.publish('two', {}, node.otherRuntime());
    return node;
  },
  act: (node, env) => void node.converge(env),
  done: (node) => {
    verified(node);
    expect(node.loaded()).toContain('io.sysbox.*');
  },
};

/** The same operation on a node where everything before the restart is done. */
export const prepared = (operation: Operation): Operation => ({
  ...operation,
  node: () => {
    const node = operation.node();
    node.run('prepare');
    return node;
  },
  act: (node, env) => {
    const commands: Record<string, string> = { restart: 'commit', upgrade: 'switch' };
    const command = commands[node.status().action];
    if (command !== undefined) node.run(command, [], env);
    if (env.FAULT === undefined || env.FAULT_AT === '0') operation.act(node, {});
  },
});

/** A change with which K3s does not come up: rolled back once, and not tried again. */
export const failing = (from: () => FakeNode): Operation => ({
  node: () => {
    const node = from();
    node.flag('crashes-with-ours', node.hasRuntime() ? 'io.sysbox' : 'sysbox-runc');
    if (node.hasRuntime()) node.publish('two', {}, node.otherRuntime());
    return node;
  },
  act: (node, env) => {
    const status = node.converge(env);
    expect(status).toMatchObject({ stage: 'failed' });
  },
  done: (node) => {
    // Once; a change that never reached the restart, on a bad disk, may have been rolled back before that.
    const interruptions = Number(node.journal('interruptions') || '0');
    expect(Number(node.journal('rollbacks'))).toBeGreaterThanOrEqual(1);
    expect(Number(node.journal('rollbacks'))).toBeLessThanOrEqual(1 + interruptions);
    expect(node.loaded()).not.toContain('io.sysbox');
  },
  breaks: true,
});

/** A change that was confirmed, on a node that runs no pod. */
export const withoutPods: Operation = {
  node: () => {
    const node = new FakeNode();
    for (const command of ['prepare', 'commit', 'confirm']) node.run(command);
    node.flag('pods-fail');
    return node;
  },
  act: (node, env) => {
    expect(node.converge(env)).toMatchObject({ stage: 'failed' });
  },
  done: (node) => {
    expect(Number(node.journal('rollbacks'))).toBeGreaterThanOrEqual(1);
    expect(node.hasRuntime()).toBe(false);
  },
  breaks: true,
};

const switched = (release: string) => (node: FakeNode) => {
  verified(node);
  expect(node.sh('readlink "$SYSBOX_ROOT/opt/sysbox/current"').stdout.trim()).toBe(`releases/${release}`);
};

/** Other binaries and other arguments of the daemons. */
export const upgrade = (options: NodeOptions = {}): Operation => ({
  node: () => {
    const node = installed(options);
    node.publish('two', { MANAGER_ARGS: '--log-level=debug' });
    node.publishRelease('bbbb');
    return node;
  },
  act: (node, env) => void node.converge(env),
  done: switched('bbbb'),
});

export const failedUpgrade = (broken: 'daemons' | 'sandboxes'): Operation => ({
  node: () => {
    const node = installed();
    node.publish('two', { MANAGER_ARGS: '--log-level=debug' });
    node.publishRelease('bbbb', broken);
    return node;
  },
  act: (node, env) => {
    expect(node.converge(env)).toMatchObject({ stage: 'failed', reason: 'UpgradeFailed' });
  },
  done: (node) => {
    expect(node.sh('readlink "$SYSBOX_ROOT/opt/sysbox/current"').stdout.trim()).toBe('releases/aaaa');
    expect(node.read('/etc/systemd/system/sysbox-mgr.service')).not.toContain('debug');
    expect(node.known('units/sysbox.service/active').trim()).toBe('active');
  },
  offered: /^\/opt\/sysbox\/current$|^\/etc\/systemd\/system\/sysbox(-mgr|-fs)?\.service$/,
});

export const uninstall = (options: NodeOptions = {}): Operation => ({
  node: () => installed(options),
  act: (node, env) => {
    // What the coordinator does when a kill took the programs too.
    if (node.exists('/var/lib/cdk8s-sysbox')) {
      if (!node.exists('/var/lib/cdk8s-sysbox/programs/current/host.sh')) node.publish('one');
      node.run('uninstall', [], env);
    }
  },
  done: (node) => {
    expect(node.exists('/var/lib/cdk8s-sysbox')).toBe(false);
    expect(node.exists('/opt/sysbox')).toBe(false);
    expect(node.hasRuntime()).toBe(Object.values(options.foreign ?? {}).includes(HAND_WRITTEN));
  },
  taken: Object.keys(options.foreign ?? {}),
});
