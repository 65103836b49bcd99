import { distFiles } from '../cluster/dist';
import { schemaMinors, validateStrictly } from './strict';

jest.setTimeout(10 * 60_000);

test('dist/ has manifests', () => {
  expect(distFiles).not.toEqual([]);
});

test.each(schemaMinors)('dist/ is strictly valid on Kubernetes %s', async (minor) => {
  expect(await validateStrictly(distFiles, minor)).toEqual([]);
});
