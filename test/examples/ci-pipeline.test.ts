import { example, findings, printed } from '../docker/example';

const manifests = example('ci-pipeline');

test('examples/ci-pipeline.ts', () => {
  expect(printed(manifests)).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
