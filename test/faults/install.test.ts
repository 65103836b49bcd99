import { killEverywhere, print } from './kills';
import { FakeNode } from './world';

jest.setTimeout(600_000);

describe('SIGKILL at every command boundary', () => {
  test('of an install', () => {
    const tally = killEverywhere({
      node: () => new FakeNode(),
      act: (node, env) => node.converge(env),
      done: (node) => {
        expect(node.status()).toMatchObject({ stage: 'verified' });
        expect(node.hasRuntime()).toBe(true);
      },
    });
    print('install', tally);
  });
});
