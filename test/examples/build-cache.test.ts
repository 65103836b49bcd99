import { example, findings } from '../docker/example';

const manifests = example('build-cache');

test('examples/build-cache.ts', () => {
  expect(manifests).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
