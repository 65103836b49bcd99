import { killEverywhere, print } from './kills';
import { TEMPLATE, uninstall, withTemplate } from './operations';

jest.setTimeout(900_000);

describe('killed at every command boundary', () => {
  test('an uninstall can be resumed', () => {
    print('K3s: uninstall', killEverywhere(uninstall()));
  });

  test('an uninstall that restores a template leaves ours or theirs', () => {
    print('K3s: uninstall with a template', killEverywhere(uninstall(withTemplate(TEMPLATE))));
  });
});
