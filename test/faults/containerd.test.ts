import { EVERY_SIXTH, killsOf } from './engine-kills';
import { killEverywhere, print } from './kills';
import { install, uninstall, WITHOUT_IMPORTS, withoutImports } from './operations';

killsOf('containerd');

describe('killed at every sixth command boundary', () => {
  const options = withoutImports(WITHOUT_IMPORTS);

  test('a takeover leaves the lines of the owner, or ours behind them', () => {
    print('containerd: takeover', killEverywhere(install(options), EVERY_SIXTH));
  });

  test('an uninstall that restores it can be resumed', () => {
    print('containerd: uninstall with a takeover', killEverywhere(uninstall(options), EVERY_SIXTH));
  });
});
