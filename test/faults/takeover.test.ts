import { killEverywhere, print } from './kills';
import { install, OLD_TEMPLATE, TEMPLATE, withTemplate } from './operations';

jest.setTimeout(900_000);

describe('killed at every command boundary', () => {
  test.each([
    ['config-v3.toml.tmpl', TEMPLATE],
    ['config.toml.tmpl', OLD_TEMPLATE],
  ])('a takeover of %s leaves theirs or ours', (name, path) => {
    print(`K3s: takeover of ${name}`, killEverywhere(install(withTemplate(path))));
  });
});
