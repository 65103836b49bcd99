// The lifecycle of a runtime on a real K3s server. One node lives through all chapters, since a boot is what takes longest; each
// leaves it healthy, so that one of them can also be run alone after the first (`-t 'a boot|uninstall'`).
import { everyday } from './lifecycle/everyday';
import { Lifecycle } from './lifecycle/lifecycle';
import { trouble } from './lifecycle/trouble';
import { uninstall } from './lifecycle/uninstall';
import { upgrades } from './lifecycle/upgrades';

jest.setTimeout(90 * 60_000);

const lifecycle = new Lifecycle();

beforeAll(() => lifecycle.begin());
afterAll(() => lifecycle.end());

everyday(lifecycle);
trouble(lifecycle);
upgrades(lifecycle);
uninstall(lifecycle);
