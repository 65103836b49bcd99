// A node as kubeadm makes it, with upstream's containerd as a service of its own.
import { chapters } from './engine/chapters';
import { EngineNode } from './engine/engineNode';
import { runtimesOf } from './harness/containerd';
import { containerd } from './harness/nodeEngines';

jest.setTimeout(60 * 60_000);

const at = new EngineNode('dist/ applied to a node with containerd', containerd);

beforeAll(() => at.begin());
afterAll(() => at.end());

chapters(at, async () =>
  Object.keys(await runtimesOf(at.node, '/usr/local/bin/containerd', '/etc/containerd/config.toml')),
);
