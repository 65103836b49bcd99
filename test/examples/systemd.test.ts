import { example, findings } from '../docker/example';

const manifests = example('systemd');

test('examples/systemd.ts', () => {
  expect(manifests).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
