import { killEverywhere, print } from './kills';
import { failedUpgrade, upgrade } from './operations';

jest.setTimeout(900_000);

describe('killed at every command boundary', () => {
  test('an upgrade can be resumed', () => {
    print('K3s: upgrade', killEverywhere(upgrade()));
  });

  test.each(['daemons', 'sandboxes'] as const)('an upgrade whose %s fail ends with the previous release', (broken) => {
    print(`K3s: upgrade whose ${broken} fail`, killEverywhere(failedUpgrade(broken)));
  });
});
