import { example, findings, printed } from '../docker/example';

const manifests = example('dev-sandbox');
const of = (name: string) =>
  printed(manifests.filter(({ metadata }) => new RegExp(`\\b${name}\\b`).test(metadata.name)));

test('examples/dev-sandbox.ts: the machine of one developer', () => {
  expect(of('alice')).toMatchSnapshot();
});

test('the machine of another one has the same manifests, and is stopped', () => {
  const unnamed = (text: string) =>
    text
      .replaceAll('bob', 'alice')
      .replace(/(alice-Machine|sshfiles)-[0-9a-f]+/g, '$1-<hash>')
      .replace(/machine_id=[0-9a-f]{32}/, 'machine_id=<id>');

  expect(unnamed(of('bob'))).toBe(unnamed(of('alice')).replace('replicas: 1', 'replicas: 0'));
  expect(manifests.every(({ metadata }) => /alice|bob/.test(metadata.name))).toBe(true);
});

test('follows every rule without a warning', () => {
  expect(findings(manifests)).toEqual([]);
});
