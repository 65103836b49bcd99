import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiServer, startApiServer } from '../cluster/api-server';
import { kubectl } from '../cluster/build';
import { objectsOf, root } from './manifests';
import { Terminal } from './terminal';
import { buildTimeout, helm } from './tools';

// The `sh` and `yaml` blocks of the pages run as they are, with real kubectl and helm at a real API server. What they are not: the
// repository's address is replaced by this checkout, `npx cdk8s-sysbox` is the compiled command, and no node is there: the Node is an
// object. Blocks marked `console` are not run: they need a registry, a node or somebody else's installer.

const page = (name: string) => readFileSync(join(root, 'docs', 'how-to', `${name}.md`), 'utf8');
const local = (text: string) =>
  text.replaceAll(/https:\/\/github\.com\/cdk8s-sysbox\/cdk8s-sysbox\/\/([^?'\n]+)\?ref=v[\d.]+/g, './cdk8s-sysbox/$1');

interface Block {
  readonly section: string;
  readonly language: string;
  readonly text: string;
}

function blocksOf(name: string): Block[] {
  let section = '';
  return [...page(name).matchAll(/^## ([^\n]+)$|^```(\w+)\n(.*?)^```/gms)].flatMap(([, title, language, text]) => {
    if (title !== undefined) section = title;
    return language === undefined ? [] : [{ section, language, text: local(text ?? '') }];
  });
}

/** A user's directory with a clone of this repository in it, and the tools on the PATH. */
class User extends Terminal {
  constructor(server: ApiServer, tools: Record<string, string>) {
    super(server, tools);
    cpSync(join(root, 'deploy'), join(this.directory, 'cdk8s-sysbox', 'deploy'), { recursive: true });
  }

  async does({ language, text }: Block): Promise<void> {
    const file = /^# (\S+\.yaml)$/m.exec(text)?.[1];
    if (language === 'yaml' && file) writeFileSync(join(this.directory, file), text);
    if (language !== 'sh') return;
    await this.sh(text);
  }
}

let tools = { kubectl: '', helm: '' };
beforeAll(async () => {
  tools = { kubectl: await kubectl(), helm: await helm() };
}, buildTimeout);

describe.each([
  ['without-npm', (section: string) => section !== 'Helm', 4],
  ['without-npm', (section: string) => section === 'Helm', 1],
  ['argo-cd', () => true, 1],
])('docs/how-to/%s.md', (name, isPart, least) => {
  let server: ApiServer;
  let user: User;
  beforeAll(async () => {
    server = await startApiServer({ minor: '1.37' });
    await server.createNode('agent-1');
    await server.createNamespace('argocd');
    await server.create('/api/v1/namespaces/argocd/configmaps', { metadata: { name: 'argocd-cm' } });
    user = new User(server, tools);
  }, buildTimeout);
  afterAll(async () => {
    await server?.stop();
    rmSync(user.directory, { recursive: true });
  });

  const blocks = blocksOf(name).filter(({ section }) => isPart(section));

  test('has blocks to run', () => {
    expect(blocks.filter(({ language }) => language === 'sh').length).toBeGreaterThanOrEqual(least);
  });

  test.each(blocks.map((block) => [block.section, block.language, block] as const))(
    '%s: the %s block works',
    async (_, __, block) => user.does(block),
    120_000,
  );
});

test.each(['argo-cd', 'flux'])('what the objects of docs/how-to/%s.md point at is there', (name) => {
  const objects = blocksOf(name)
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ text }) => objectsOf(text));
  const paths = [...JSON.stringify(objects).matchAll(/"(?:path|chart)":"([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(paths).not.toEqual([]);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const references = objects.flatMap(({ spec }) => [...(spec.healthChecks ?? []), ...(spec.dependsOn ?? [])]);
  const names = new Set([...objects.map(({ metadata }) => metadata.name), 'sysbox-installer']);
  expect(references.map((one) => one.name).filter((one) => !names.has(one))).toEqual([]);
});
