import { example, findings } from '../docker/example';

const manifests = example('docker');

test('examples/docker.ts', () => {
  expect(manifests).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
