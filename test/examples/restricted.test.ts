import { example, findings } from '../docker/example';

const manifests = example('restricted');

test('examples/restricted.ts', () => {
  expect(manifests).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
