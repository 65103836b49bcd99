import { nodeObject, Outcome, RolloutState, SimpleNode, Transition, transitions } from './rules';

const revision = 'revision-a';
const empty: RolloutState = { revision, holders: {}, failed: {}, done: 1, serial: 7 };
const agent = (beat = 1, of = revision) => ({ role: 'agent' as const, revision: of, beat });
const server = (beat = 1, of = revision) => ({ role: 'server' as const, revision: of, beat });

const ask = (one: Partial<Transition>): Outcome =>
  transitions([{ act: 'acquire', me: 'a', revision, state: empty, concurrency: 2, budget: 3, ...one }])[0] as Outcome;
const among = (...nodes: (SimpleNode | string)[]) =>
  [{ name: 'a' }, ...nodes.map((node) => (typeof node === 'string' ? { name: node } : node))].map(nodeObject);
const asServer = (...others: SimpleNode[]) => [{ name: 'a', server: true }, ...others].map(nodeObject);

describe('a slot', () => {
  test('is granted to an agent that knows of itself only', () => {
    const { verdict, state } = ask({ known: 'self', nodes: among() });
    expect(verdict).toBe('granted');
    expect(state).toEqual({ ...empty, serial: 8, holders: { a: { role: 'agent', revision, beat: 8 } } });
  });

  test('is asked for with a look at no node while the Lease alone forbids it', () => {
    const state = { ...empty, holders: { b: agent(), c: agent() } };
    expect(ask({ known: 'none', state })).toMatchObject({ verdict: 'wait', why: 'waiting for one of 2 restart slots' });
    expect(ask({ known: 'none' }).verdict).toBe('ask');
    expect(ask({ known: 'self', nodes: asServer() }).verdict).toBe('ask');
  });

  test('stays with the node that has it', () => {
    const state = { ...empty, holders: { a: agent(3), b: agent(4) } };
    expect(ask({ known: 'none', state })).toMatchObject({
      verdict: 'granted',
      role: 'agent',
      state: { holders: { a: agent(8) } },
    });
  });

  test('goes to the canary alone, and to nobody else until it is done', () => {
    const state = { ...empty, done: 0, holders: { b: agent() } };
    expect(ask({ state })).toMatchObject({ verdict: 'wait', why: 'waiting for the first node of the rollout' });
  });

  test('is not granted when the nodes in restart could overspend the failure budget', () => {
    const state = { ...empty, holders: { b: agent() }, failed: { c: 'broke', d: 'broke' } };
    expect(ask({ state })).toMatchObject({ verdict: 'wait' });
    expect(ask({ state, budget: 2 })).toMatchObject({ verdict: 'stopped' });
    expect(ask({ state, budget: 4, nodes: among() })).toMatchObject({ verdict: 'granted' });
  });

  test('names the nodes that spent the budget, and the way on', () => {
    const { why } = ask({ state: { ...empty, failed: { c: 'broke' } }, budget: 1 });
    expect(why).toBe(
      'the failure budget of 1 is spent (c): the rollout has stopped. Another revision starts a new one; so does a failed node ' +
        'that succeeds (annotate it cdk8s-sysbox.io/retry=true)',
    );
  });

  test('is granted to the failed node that tries again, since it is counted already', () => {
    const state = { ...empty, failed: { a: 'broke' } };
    const granted = ask({ state, budget: 1, nodes: among() });
    expect(granted).toMatchObject({ verdict: 'granted', state: { failed: {}, holders: { a: { before: 'broke' } } } });
    expect(ask({ act: 'unused', state: granted.state }).state).toMatchObject({ failed: { a: 'broke' }, holders: {} });
    expect(ask({ act: 'success', state: granted.state }).state).toMatchObject({ failed: {}, holders: {}, done: 2 });
  });
});

describe('a server', () => {
  const done = { stage: 'ready', revision };

  test.each<[string, SimpleNode]>([
    ['an agent that is not done', { name: 'b' }],
    ['an agent of an older revision', { name: 'b', stage: 'ready', revision: 'older' }],
    ['an agent in restart', { name: 'b', stage: 'committed', revision }],
  ])('waits for %s', (_, other) => {
    expect(ask({ nodes: asServer(other) })).toMatchObject({
      verdict: 'wait',
      why: 'waiting until the agents are done: b',
    });
  });

  test.each<[string, SimpleNode]>([
    ['that is done', { name: 'b', ...done }],
    ['that failed, while the budget lasts', { name: 'b', stage: 'failed', revision }],
    ['that is not Ready', { name: 'b', ready: false }],
    ['that is not to get the runtime', { name: 'b', labels: { 'sysbox-install': 'no' } }],
  ])('does not wait for an agent %s', (_, other) => {
    expect(ask({ nodes: asServer(other) })).toMatchObject({ verdict: 'granted', role: 'server' });
  });

  test('does not wait for an agent outside of the selector', () => {
    const selector = { 'sysbox-install': 'yes', pool: 'builds' };
    expect(ask({ nodes: asServer({ name: 'b' }), selector }).verdict).toBe('granted');
    expect(ask({ nodes: asServer({ name: 'b', labels: { pool: 'builds' } }), selector }).verdict).toBe('wait');
  });

  test('does not wait for an agent that vanished and is counted as failed', () => {
    const state = { ...empty, failed: { b: 'vanished' } };
    expect(ask({ state, nodes: asServer({ name: 'b', stage: 'committed', revision }) }).verdict).toBe('granted');
  });

  test.each<[string, SimpleNode]>([
    ['not Ready', { name: 's', server: true, ready: false }],
    ['no etcd voter', { name: 's', server: true, etcd: true, voter: false }],
    ['etcd alone, and no voter', { name: 's', etcd: true, voter: false }],
  ])('waits for another server that is %s', (_, other) => {
    expect(ask({ nodes: asServer(other) })).toMatchObject({
      verdict: 'wait',
      why: 'waiting until the other servers are Ready and etcd voters: s',
    });
  });

  test('goes when the others are Ready voters', () => {
    const other = { name: 's', server: true, etcd: true };
    expect(ask({ nodes: asServer(other) })).toMatchObject({ verdict: 'granted', role: 'server' });
  });

  test('waits for agents in restart, and agents wait for it', () => {
    expect(ask({ state: { ...empty, holders: { b: agent() } }, nodes: asServer() }).why).toMatch(
      /the agents in restart: b/,
    );
    expect(ask({ state: { ...empty, holders: { s: server() } }, nodes: among() }).why).toBe('waiting for the server s');
  });
});

describe('another revision', () => {
  const old: RolloutState = { revision: 'older', holders: {}, failed: { c: 'broke' }, done: 5, serial: 7 };

  test('starts a rollout of its own, with a canary', () => {
    expect(ask({ state: old, budget: 1, nodes: among() }).state).toMatchObject({ revision, failed: {}, done: 0 });
  });

  test('does not forget the nodes that are still in restart', () => {
    const state = { ...old, holders: { b: agent(1, 'older') } };
    expect(ask({ state, nodes: among() })).toMatchObject({ verdict: 'wait', state });
  });

  test('neither gains nor loses by what the older one ends with', () => {
    const state = { ...empty, done: 0, holders: { a: agent(1, 'older') } };
    for (const act of ['success', 'failure'] as const) {
      expect(ask({ act, state }).state).toEqual({ ...state, holders: {} });
    }
  });
});

describe('a holder', () => {
  const state: RolloutState = { ...empty, done: 0, holders: { b: agent(5) } };
  const look = (at: number, beat: number, seen: Outcome['seen'], plan_ = revision) =>
    ask({ state: { ...state, holders: { b: agent(beat, plan_) } }, at, seen, nodes: among() });

  test('that stands still for the expiry of the watcher’s own clock is counted as failed', () => {
    let { seen } = look(1000, 5, {});
    for (let at = 1100; at < 1240; at += 100) {
      const outcome = look(at, 5, seen);
      expect(outcome).toMatchObject({ verdict: 'wait', state: { holders: { b: {} } } });
      seen = outcome.seen;
    }
    expect(look(1240, 5, seen)).toMatchObject({
      verdict: 'granted',
      state: { holders: { a: {} }, failed: { b: 'its installer vanished in the middle of the restart' } },
    });
  });

  test('that renews is never given up', () => {
    let seen: Outcome['seen'] = {};
    for (let beat = 1; beat < 30; beat++) {
      const outcome = look(beat * 100, beat, seen);
      expect(outcome.verdict).toBe('wait');
      seen = outcome.seen;
    }
  });

  test.each([
    ['an outage in which nobody could renew', 5000],
    ['a reboot that set the clock back', 3],
  ])('gets its time anew after %s', (_, at) => {
    expect(look(at, 5, { at: 1000, holders: { b: { beat: 5, since: 900 } } })).toMatchObject({
      verdict: 'wait',
      seen: { holders: { b: { since: at } } },
    });
  });

  test('takes its slot again when somebody deleted the Lease', () => {
    expect(ask({ act: 'renew', state: undefined, role: 'server' }).state).toMatchObject({
      revision,
      holders: { a: { role: 'server', revision } },
    });
  });

  test('that was given up stays counted as failed until it succeeds, which is refunded', () => {
    const given = { ...empty, failed: { a: 'vanished' } };
    expect(ask({ act: 'renew', state: given }).state).toEqual(given);
    expect(ask({ act: 'find', state: given }).verdict).toBe('failed');
    expect(ask({ act: 'success', state: given }).state).toMatchObject({ failed: {}, done: 2 });
  });

  test('that fails spends the budget, also when the Lease was deleted meanwhile', () => {
    for (const before of [{ ...empty, holders: { a: agent() } }, undefined]) {
      expect(ask({ act: 'failure', state: before }).state).toMatchObject({
        revision,
        holders: {},
        failed: { a: 'broke' },
      });
    }
  });
});
