// The life of a runtime on a real K3s server. One node lives through all chapters, since a boot is what takes longest; each
// leaves it healthy, so that one of them can also be run alone after the first (`-t 'a boot|uninstall'`).
import { everydayLife } from './life/everyday';
import { Life } from './life/life';
import { trouble } from './life/trouble';
import { uninstall } from './life/uninstall';
import { upgrades } from './life/upgrades';

jest.setTimeout(90 * 60_000);

const life = new Life();

beforeAll(() => life.begin());
afterAll(() => life.end());

everydayLife(life);
trouble(life);
upgrades(life);
uninstall(life);
