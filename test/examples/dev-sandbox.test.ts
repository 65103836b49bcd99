import { example, findings } from '../docker/example';

const manifests = example('dev-sandbox');

test('examples/dev-sandbox.ts', () => {
  expect(manifests).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
