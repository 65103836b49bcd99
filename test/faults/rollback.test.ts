import { killEverywhere, print } from './kills';
import { failing, installed, withoutPods } from './operations';
import { FakeNode } from './world';

jest.setTimeout(900_000);

describe('killed at every command boundary', () => {
  test('a rollback of an install leaves K3s without the runtime', () => {
    print('K3s: rollback', killEverywhere(failing(() => new FakeNode())));
  });

  test('a rollback of a change leaves the runtime as it was verified', () => {
    print('K3s: rollback of a change', killEverywhere(failing(installed)));
  });

  test('a rollback after a pod that failed leaves K3s without the runtime', () => {
    print('K3s: rollback after a pod', killEverywhere(withoutPods));
  });
});
