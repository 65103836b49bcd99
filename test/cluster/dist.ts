import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, KubeObject } from './client';

const directory = join(__dirname, '../../dist');

/** The files of dist/, in the order in which `kubectl apply -f dist/` reads them. */
export const distFiles: readonly string[] = existsSync(directory)
  ? readdirSync(directory)
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .sort()
      .map((name) => join(directory, name))
  : [];

/** All of dist/ as one YAML text. */
export const distText = distFiles.map((file) => readFileSync(file, 'utf8')).join('\n---\n');

export const distObjects: readonly KubeObject[] = documents(distText).map(({ object }) => object);

/** The only object of a kind in dist/. */
export function distObject(kind: string, name?: string): KubeObject {
  const found = distObjects.filter((object) => object.kind === kind && (!name || object.metadata.name === name));
  if (found.length === 1 && found[0]) return found[0];
  throw new Error(`dist/ has ${found.length} objects of kind ${kind}${name ? ` named ${name}` : ''}, expected one.`);
}
