import { killEverywhere, print } from './kills';
import { install, OLD_TEMPLATE, TEMPLATE, withTemplate } from './operations';

jest.setTimeout(900_000);

describe('killed at every command boundary', () => {
  // An install with a file of somebody else: from every state that has no such file, install.test.ts continues. The second differs in the
  // name of the file alone.
  test.each([
    ['config-v3.toml.tmpl', TEMPLATE, 3],
    ['config.toml.tmpl', OLD_TEMPLATE, 6],
  ])('a takeover of %s leaves theirs or ours', (name, path, every) => {
    print(`K3s: takeover of ${name}`, killEverywhere(install(withTemplate(path)), every));
  });
});
