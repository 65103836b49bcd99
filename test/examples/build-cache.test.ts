import { example, findings, printed } from '../docker/example';

const manifests = example('build-cache');

test('examples/build-cache.ts', () => {
  expect(printed(manifests)).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
