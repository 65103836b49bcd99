import { exampleNames, filesOfExample } from '../examples/every-example';
import { schemaMinors, validateStrictly } from './strict';

jest.setTimeout(10 * 60_000);

const files = exampleNames.flatMap(filesOfExample);

test('every example writes manifests', () => {
  expect(exampleNames.filter((name) => filesOfExample(name).length === 0)).toEqual([]);
});

// Their fields are those of the projects' CRDs: test/cluster applies them with these.
const CUSTOM_GROUPS = ['k3k.io/v1beta1', 'agents.x-k8s.io/v1beta1', 'extensions.agents.x-k8s.io/v1beta1'];

test.each(schemaMinors)('every example is strictly valid on Kubernetes %s', async (minor) => {
  expect(await validateStrictly(files, minor, CUSTOM_GROUPS)).toEqual([]);
});
