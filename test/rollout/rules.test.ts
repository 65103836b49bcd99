import { annotationsOf, RolloutState, Slot, stateOf } from './rollout-state';
import { nodeObject, Outcome, Rules, Seen, SimpleNode, Transition } from './rules';

const revision = 'revision-a';
const empty: Partial<RolloutState> = { revision, done: 1, nodes: 20 };
const slot = (more: Partial<Slot> = {}): Slot => ({
  state: 'held',
  role: 'agent',
  revision,
  beat: '1',
  reason: '',
  ...more,
});
const failed = (more: Partial<Slot> = {}) => slot({ state: 'failed', reason: 'CrashLoop', ...more });
const server = (more: Partial<Slot> = {}) => slot({ role: 'server', ...more });

interface Case extends Partial<Omit<Transition, 'annotations'>> {
  readonly state?: Partial<RolloutState>;
}

const rules = new Rules();
afterAll(() => rules.stop());

/** The outcome, and the state after it. */
async function ask({ state = empty, ...one }: Case): Promise<Outcome & { state: RolloutState }> {
  const annotations = annotationsOf(state);
  const common = { act: 'acquire', me: 'a', revision, concurrency: '2', budget: 3 } as const;
  const outcome = await rules.judge({ ...common, annotations, ...one });
  return { ...outcome, state: stateOf(outcome.annotations ?? annotations) };
}
const among = (...nodes: (SimpleNode | string)[]) =>
  [{ name: 'a' }, ...nodes.map((node) => (typeof node === 'string' ? { name: node } : node))].map(nodeObject);
const asServer = (...others: SimpleNode[]) => [{ name: 'a', server: true }, ...others].map(nodeObject);

describe('a slot', () => {
  test('is granted to an agent that has read only the servers and itself', async () => {
    const { verdict, state } = await ask({ known: 'servers', nodes: among() });
    expect(verdict).toBe('granted');
    expect(state.slots).toEqual({ a: slot({ beat: '7' }) });
  });

  test('needs no read of the nodes while the ConfigMap alone forbids it', async () => {
    const state = { ...empty, slots: { b: slot(), c: slot() } };
    expect(await ask({ known: 'none', state })).toMatchObject({ verdict: 'wait', why: 'waiting for a restart slot' });
    expect((await ask({ known: 'none' })).verdict).toBe('ask');
    expect((await ask({ known: 'servers', nodes: asServer() })).verdict).toBe('ask');
  });

  test('stays with the node that has it', async () => {
    const state = { ...empty, slots: { a: slot({ beat: '3' }), b: slot({ beat: '4' }) } };
    expect(await ask({ known: 'none', state })).toMatchObject({ verdict: 'granted', role: 'agent' });
  });

  test.each<[string, SimpleNode]>([
    ['that is not Ready', { name: 'a', ready: false }],
    ['that the API server does not know', { name: 'other' }],
  ])('is not granted to a node %s', async (_, node) => {
    expect(await ask({ nodes: [nodeObject(node)] })).toMatchObject({ verdict: 'wait' });
  });

  test.each([
    ['an agent', among],
    ['a server', asServer],
  ])('is not granted to %s while the kubelets of the servers differ', async (_, nodes) => {
    const [old, other] = [
      { name: 's', server: true, kubelet: 'v1.35.1+k3s1' },
      { name: 't', server: true, kubelet: 'v1.36.2+k3s1' },
    ];
    expect(await ask({ nodes: nodes(old, other) })).toMatchObject({
      verdict: 'wait',
      why: 'the servers run different kubelets (v1.35.1+k3s1, v1.36.2+k3s1): an upgrade of K3s is under way',
    });
    expect((await ask({ nodes: nodes({ ...old, server: false, stage: 'ready', revision }, other) })).verdict).toBe(
      'granted',
    );
  });
});

describe('the ramp-up', () => {
  test('begins with the canary alone', async () => {
    const state = { ...empty, done: 0, slots: { b: slot() } };
    expect(await ask({ state })).toMatchObject({ verdict: 'wait', why: 'waiting for the first node of the rollout' });
  });

  const most = async (done: number, concurrency: string, nodes = 1000) => {
    let [held, verdict] = [0, ''];
    do {
      const slots = Object.fromEntries(Array.from({ length: held }, (_, i) => [`b${i}`, slot()]));
      ({ verdict } = await ask({ state: { ...empty, done, nodes, slots }, concurrency, known: 'none' }));
    } while (verdict === 'ask' && ++held < 100);
    return held;
  };

  test.each([
    [0, 1],
    [1, 2],
    [3, 4],
    [7, 8],
    [15, 10],
    [500, 10],
  ])('after %d successes lets %d nodes restart', async (done, expected) => {
    expect(await most(done, '10')).toBe(expected);
  });

  test.each([
    ['5%', 200, 10],
    ['5%', 19, 1],
    ['100%', 3, 3],
  ])('ends at %s of %d nodes: %d', async (concurrency, nodes, expected) => {
    expect(await most(150, concurrency, nodes)).toBe(expected);
  });

  test('is one at a time while the number of nodes is not known', async () => {
    expect(await most(9, '50%', 0)).toBe(1);
  });
});

describe('the failure budget', () => {
  test('is spent by failures, not by nodes in restart', async () => {
    const state = { ...empty, done: 5, slots: { b: slot(), c: failed(), d: failed() } };
    expect((await ask({ state, nodes: among(), budget: 3 })).verdict).toBe('granted');
    expect((await ask({ state, nodes: among(), budget: 2 })).verdict).toBe('stopped');
  });

  test('once spent names the nodes, and the command that starts the rollout again', async () => {
    expect((await ask({ state: { ...empty, slots: { c: failed() } }, budget: 1 })).why).toBe(
      'the failure budget of 1 is spent (c). Fix these nodes and annotate each cdk8s-sysbox.io/retry=true, or start the rollout again: kubectl reset',
    );
  });

  test('is restored by that command, which removes the revision from the ConfigMap', async () => {
    const reset = { ...empty, revision: undefined, slots: { c: failed(), d: slot() } };
    expect(await ask({ state: reset, budget: 1, nodes: among() })).toMatchObject({ verdict: 'wait' });
    const { state } = await ask({ state: { ...reset, slots: { c: failed() } }, budget: 1, nodes: among() });
    expect(state).toMatchObject({ revision, done: 0, slots: { a: { state: 'held' } } });
    expect(state.slots).not.toHaveProperty('c');
  });

  test('lets the failed node itself try again, since it is counted already', async () => {
    const granted = await ask({ state: { ...empty, slots: { a: failed() } }, budget: 1, nodes: among() });
    expect(granted).toMatchObject({
      verdict: 'granted',
      state: { slots: { a: { state: 'held', reason: 'CrashLoop' } } },
    });
    const { state } = granted;
    expect((await ask({ act: 'unused', state })).state.slots).toMatchObject({
      a: { state: 'failed', reason: 'CrashLoop' },
    });
    expect((await ask({ act: 'success', state })).state).toMatchObject({ slots: {}, done: 2 });
  });

  test('names a node to look up, and forgets it when it is gone', async () => {
    const state = { ...empty, slots: { c: failed(), d: failed() } };
    expect((await ask({ state, budget: 1, random: 0 })).suspect).toBe('c');
    expect((await ask({ state, budget: 1, random: 1 })).suspect).toBe('d');
    expect(Object.keys((await ask({ act: 'forget', argument: 'c', state })).state.slots)).toEqual(['d']);
  });
});

describe('a server', () => {
  const done = { stage: 'ready', revision };

  test.each<[string, SimpleNode]>([
    ['an agent that is not done', { name: 'b' }],
    ['an agent of an older revision', { name: 'b', stage: 'ready', revision: 'older' }],
    ['an agent in restart', { name: 'b', stage: 'committed', revision }],
  ])('waits for %s', async (_, other) => {
    expect(await ask({ nodes: asServer(other) })).toMatchObject({
      verdict: 'wait',
      why: 'waiting until the agents are done: b',
    });
  });

  test.each<[string, SimpleNode]>([
    ['that is done', { name: 'b', ...done }],
    ['that has removed the runtime', { name: 'b', stage: 'removed', revision }],
    ['that its preflight refused', { name: 'b', stage: 'failed', revision }],
    ['that is not Ready', { name: 'b', ready: false }],
    ['that is not to get the runtime', { name: 'b', labels: { 'sysbox-install': 'no' } }],
  ])('does not wait for an agent %s', async (_, other) => {
    expect(await ask({ nodes: asServer(other) })).toMatchObject({ verdict: 'granted', role: 'server' });
  });

  test('does not wait forever for agents of which none makes progress', async () => {
    const nodes = asServer({ name: 'b' });
    let { seen } = await ask({ nodes, at: 1000 });
    for (let at = 1500; at < 2200; at += 500) ({ seen } = await ask({ nodes, at, seen }));
    expect((await ask({ nodes: asServer({ name: 'b' }, { name: 'c' }), at: 2200, seen })).verdict).toBe('wait');
    expect(await ask({ nodes, at: 2200, seen })).toMatchObject({ verdict: 'granted', role: 'server' });
  });

  test('does not wait for an agent outside of the selector', async () => {
    const selector = { 'sysbox-install': 'yes', pool: 'builds' };
    expect((await ask({ nodes: asServer({ name: 'b' }), selector })).verdict).toBe('granted');
    expect((await ask({ nodes: asServer({ name: 'b', labels: { pool: 'builds' } }), selector })).verdict).toBe('wait');
  });

  const sick: [string, SimpleNode][] = [
    ['not Ready', { name: 's', server: true, ready: false }],
    ['not an etcd voter', { name: 's', server: true, etcd: true, voter: false }],
    ['etcd alone, and not a voter', { name: 's', etcd: true, voter: false }],
    ['cordoned', { name: 's', server: true, cordoned: true }],
  ];
  test.each(sick)('waits for another server that is %s', async (_, other) => {
    const why = 'waiting until the other servers are Ready, etcd voters and not cordoned: s';
    expect(await ask({ nodes: asServer(other) })).toMatchObject({ verdict: 'wait', why });
    expect(await ask({ act: 'peers', known: 'servers', nodes: asServer(other) })).toMatchObject({
      verdict: 'wait',
      why,
    });
  });

  test('waits for a cordoned one for a bounded time, by its own clock', async () => {
    const nodes = asServer({ name: 's', server: true, cordoned: true });
    let { seen } = await ask({ nodes, at: 1000 });
    for (let at = 1500; at < 2200; at += 500) ({ seen } = await ask({ nodes, at, seen }));
    expect((await ask({ nodes, at: 2199, seen })).verdict).toBe('wait');
    expect((await ask({ nodes, at: 2200, seen })).verdict).toBe('granted');
  });

  test('is restarted when the others are Ready voters', async () => {
    const other = { name: 's', server: true, etcd: true };
    expect(await ask({ nodes: asServer(other) })).toMatchObject({ verdict: 'granted', role: 'server' });
    expect((await ask({ act: 'peers', known: 'servers', nodes: asServer(other) })).verdict).toBe('granted');
  });

  test('waits for agents in restart, and agents wait for it', async () => {
    expect((await ask({ state: { ...empty, slots: { b: slot() } }, nodes: asServer() })).why).toBe(
      'waiting for the agents in restart',
    );
    expect((await ask({ state: { ...empty, slots: { s: server() } }, nodes: among() })).why).toBe(
      'waiting for the server s',
    );
  });
});

describe('another revision', () => {
  const old: Partial<RolloutState> = {
    revision: 'older',
    done: 5,
    nodes: 9,
    slots: { c: failed({ revision: 'older' }) },
  };

  test('starts a rollout of its own, with a canary and without old failures', async () => {
    const { state } = await ask({ state: old, budget: 1, nodes: among() });
    expect(state).toMatchObject({ revision, done: 0, nodes: 9 });
    expect(Object.keys(state.slots)).toEqual(['a']);
  });

  test('does not forget the nodes that are still in restart', async () => {
    const state = { ...old, slots: { b: slot({ revision: 'older' }) } };
    expect(await ask({ state, nodes: among() })).toMatchObject({ verdict: 'wait', annotations: undefined });
  });

  test('is not affected by how the older one ends', async () => {
    const state = { ...empty, done: 0, slots: { a: slot({ revision: 'older' }) } };
    expect((await ask({ act: 'success', state })).state).toMatchObject({ done: 0, slots: {} });
    const { state: after } = await ask({ act: 'failure', argument: 'CrashLoop', state });
    expect((await ask({ state: after, me: 'b', budget: 1, nodes: among('b') })).verdict).toBe('granted');
  });
});

describe('a holder', () => {
  const look = async (at: number, beat: string, seen: Seen) =>
    await ask({ state: { ...empty, done: 0, slots: { b: slot({ beat }) } }, at, seen, nodes: among(), expiry: 240 });

  test('whose beat does not change within the expiry, by the watcher’s own clock, is counted as failed', async () => {
    let { seen } = await look(1000, '5', {});
    for (let at = 1100; at < 1240; at += 100) {
      const outcome = await look(at, '5', seen);
      expect(outcome).toMatchObject({ verdict: 'wait', suspect: 'b' });
      seen = outcome.seen;
    }
    expect((await look(1240, '5', seen)).verdict).toBe('granted');
    const state = { ...empty, done: 0, slots: { b: slot({ beat: '5' }) } };
    expect((await ask({ state, at: 1240, seen, expiry: 240, budget: 1 })).verdict).toBe('stopped');
  });

  test('that renews has not vanished', async () => {
    let seen: Seen = {};
    for (let beat = 1; beat < 15; beat++) {
      const outcome = await look(beat * 100, String(beat), seen);
      expect(outcome.verdict).toBe('wait');
      seen = outcome.seen;
    }
  });

  test.each([
    ['an outage in which nobody could renew', 5000],
    ['a reboot that set the clock back', 3],
  ])('gets its whole time again after %s', async (_, at) => {
    const seen = { at: 1000, facts: { 'beat b': { what: '5', since: 900 } } };
    expect(await look(at, '5', seen)).toMatchObject({ verdict: 'wait', seen: { facts: { 'beat b': { since: at } } } });
  });

  test('takes its slot again when somebody removed the entry', async () => {
    const { state } = await ask({ act: 'renew', state: empty, role: 'server' });
    expect(state.slots).toEqual({ a: server({ beat: '7' }) });
  });

  test('that fails spends the budget, also when its entry was removed meanwhile', async () => {
    for (const before of [{ ...empty, slots: { a: slot() } }, empty]) {
      const { state } = await ask({ act: 'failure', argument: 'CrashLoop', role: 'agent', state: before });
      expect(state.slots).toEqual({ a: failed({ beat: '7' }) });
    }
  });
});

describe('the counts', () => {
  const nodes = among(
    { name: 'b', stage: 'ready', revision },
    { name: 'c', stage: 'removed', revision },
    { name: 'd', stage: 'failed', revision },
    { name: 'e', stage: 'ready', revision: 'older' },
    { name: 'f', stage: 'committed', revision },
    { name: 'g', labels: { 'sysbox-install': 'no' } },
  );

  test('are of the selected nodes, preflight failures and rolled back nodes included', async () => {
    const state = { ...empty, slots: { f: failed(), gone: failed() } };
    const { annotations } = await ask({ act: 'count', argument: '99', state, nodes });
    expect(annotations).toEqual({
      'cdk8s-sysbox.io/revision': revision,
      'cdk8s-sysbox.io/done': '2',
      'cdk8s-sysbox.io/nodes': '6',
      'cdk8s-sysbox.io/failed': '2: d, f',
      'cdk8s-sysbox.io/pending': '2: a, e',
      'cdk8s-sysbox.io/counted-at': '99',
      'f/slot': 'failed agent revision-a 1 CrashLoop',
    });
  });

  test('name five nodes at most', async () => {
    const many = Array.from({ length: 7 }, (_, i) => ({ name: `n${i}` })).map(nodeObject);
    expect((await ask({ act: 'count', argument: '9', nodes: many })).annotations).toMatchObject({
      'cdk8s-sysbox.io/failed': '0',
      'cdk8s-sysbox.io/pending': '7: n0, n1, n2, n3, n4, …',
    });
  });

  test('leave what others wrote on the ConfigMap', async () => {
    const annotations = { theirs: 'kept', ...annotationsOf(empty) };
    const common = { me: 'a', revision, concurrency: '2', budget: 3, annotations, nodes: among() };
    expect((await rules.judge({ ...common, act: 'count' })).annotations).toMatchObject({ theirs: 'kept' });
  });
});

describe('the next look', () => {
  const pause = async (one: Case) => (await ask({ known: 'none', ...one })).pause;
  const held = { slots: { b: slot(), c: slot() } };

  test('comes soon where few wait, and later where many do', async () => {
    expect(await pause({ state: { ...empty, nodes: 5, ...held } })).toBe(5);
    expect(await pause({ state: { ...empty, nodes: 5001, done: 1, ...held } })).toBe(300);
    expect(await pause({ state: { ...empty, nodes: 101, done: 1, ...held } })).toBe(20);
  });

  test('is not the same for all nodes', async () => {
    const state = { ...empty, nodes: 101, done: 1, ...held };
    expect([await pause({ state, random: 0 }), await pause({ state, random: 65535 })]).toEqual([1, 40]);
  });

  test('comes at growing intervals while nothing happens, up to a minute', async () => {
    const state = { ...empty, nodes: 5, slots: { b: failed() } };
    const [budget, version] = [1, '7'];
    const after = async (seconds: number) => {
      let seen: Seen = {};
      let waited = 5;
      for (let at = 0; at <= seconds; at += 25)
        ({ seen, pause: waited } = await ask({ state, budget, version, at, seen }));
      return waited;
    };
    expect([await after(0), await after(50), await after(200)]).toEqual([5, 25, 60]);
  });
});
