import { exampleNames, filesOfExample } from '../examples/every-example';
import { schemaMinors, validateStrictly } from './strict';

jest.setTimeout(10 * 60_000);

const files = exampleNames.flatMap(filesOfExample);

test('every example writes manifests', () => {
  expect(exampleNames.filter((name) => filesOfExample(name).length === 0)).toEqual([]);
});

test.each(schemaMinors)('every example is strictly valid on Kubernetes %s', async (minor) => {
  expect(await validateStrictly(files, minor, ['k3k.io/v1beta1'])).toEqual([]);
});
