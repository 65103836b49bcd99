import { readFileSync } from 'node:fs';
import { distText } from '../cluster/dist';
import { documents, KubeObject } from '../cluster/client';
import { run } from '../cluster/cache';
import { exampleNames, filesOfExample } from '../examples/every-example';
import { buildTimeout, fluxSubstitute } from './tools';

const MARK = 'kustomize.toolkit.fluxcd.io/substitute';

const objectsOf = (text: string) => documents(text).map(({ object }) => object);
const sources: Record<string, () => KubeObject[]> = {
  'dist/': () => objectsOf(distText),
  ...Object.fromEntries(
    exampleNames.map((name) => [
      `examples/${name}.ts`,
      () => filesOfExample(name).flatMap((file) => objectsOf(readFileSync(file, 'utf8'))),
    ]),
  ),
};

const isMarked = ({ metadata }: KubeObject) =>
  metadata.annotations?.[MARK] === 'disabled' || metadata.labels?.[MARK] === 'disabled';

/** What a Flux Kustomization with one variable applies. */
async function substituted(mode: 'default' | 'strict', objects: KubeObject[]): Promise<KubeObject[]> {
  const input = JSON.stringify(objects);
  const out = await run(await fluxSubstitute(), [mode, 'CLUSTER=home'], {
    input,
    otherwise: 'Flux refused the input.',
  });
  return JSON.parse(out);
}

beforeAll(async () => {
  await fluxSubstitute();
}, buildTimeout);

describe.each(Object.entries(sources))('postBuild.substitute of Flux over %s', (_, objectsHere) => {
  test.each(['default', 'strict'] as const)(
    'changes nothing and refuses nothing (%s)',
    async (mode) => {
      const objects = objectsHere();
      expect(objects).not.toEqual([]);
      expect(await substituted(mode, objects)).toEqual(objects);
    },
    60_000,
  );

  test('finds ${ only in objects that are marked', () => {
    const open = objectsHere().filter((object) => !isMarked(object) && JSON.stringify(object).includes('${'));
    expect(open.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([]);
  });
});

describe('without the mark', () => {
  const programs = () => {
    const marked = sources['dist/']?.().filter(isMarked) ?? [];
    return marked.map(({ metadata: { name, namespace }, ...rest }) => ({ ...rest, metadata: { name, namespace } }));
  };

  test('Flux rewrites the programs', async () => {
    expect(programs()).not.toEqual([]);
    expect(await substituted('default', programs())).not.toEqual(programs());
  });

  test('Flux in strict mode refuses them', async () => {
    const errors = (await substituted('strict', programs())).filter(({ error }) => error);
    expect(JSON.stringify(errors)).toContain('variable not set');
  });
});
