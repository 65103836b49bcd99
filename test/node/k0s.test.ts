// A worker of k0s, as far as its layout and its unit are concerned (harness/nodeEngines.ts says what is left out).
import { chapters } from './engine/chapters';
import { EngineNode } from './engine/engineNode';
import { runtimesOf } from './harness/containerd';
import { k0s } from './harness/nodeEngines';

jest.setTimeout(60 * 60_000);

const at = new EngineNode('dist/ applied to a node in the layout of k0s', k0s);

beforeAll(() => at.begin());
afterAll(() => at.end());

chapters(at, async () =>
  Object.keys(await runtimesOf(at.node, '/var/lib/k0s/bin/containerd', '/etc/k0s/containerd.toml')),
);
