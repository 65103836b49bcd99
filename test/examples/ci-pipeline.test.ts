import { example, findings } from '../docker/example';

const manifests = example('ci-pipeline');

test('examples/ci-pipeline.ts', () => {
  expect(manifests).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
