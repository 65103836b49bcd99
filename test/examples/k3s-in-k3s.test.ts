import { example, printed } from '../docker/example';

/** The manifests without the programs, which their own tests show. */
const manifestsOf = (name: string) => example(name).filter(({ kind }) => kind !== 'ConfigMap');
const nested = manifestsOf('k3s-in-k3s');
const servers = manifestsOf('k3s-servers');
const TOKEN_KINDS = ['Secret', 'ServiceAccount', 'Role', 'RoleBinding', 'Job'];

test('the example ephemeral-k3s gives these manifests', () => {
  expect(printed(manifestsOf('ephemeral-k3s'))).toMatchSnapshot();
});

test('the example k3s-in-k3s gives these manifests', () => {
  expect(printed(nested)).toMatchSnapshot();
});

test('the servers of the example k3s-servers have these manifests', () => {
  const own = servers.filter(({ kind, metadata }) => !TOKEN_KINDS.includes(kind) && !metadata.name.endsWith('-agent'));

  expect(printed(own)).toMatchSnapshot();
});

test('several servers get their token and kubeconfig as one does', () => {
  const token = (manifests: typeof nested, name: string) =>
    printed(manifests.filter(({ kind }) => TOKEN_KINDS.includes(kind)))
      .replaceAll(name, '<cluster>')
      .replace(/addr: .*/g, 'addr: <address>');

  expect(token(servers, 'staging')).toBe(token(nested, 'dev'));
});
