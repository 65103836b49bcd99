import { example, findings, printed } from '../docker/example';

const manifests = example('restricted');

test('examples/restricted.ts', () => {
  expect(printed(manifests)).toMatchSnapshot();
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
