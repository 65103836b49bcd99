// Runs an example as a user does, and reads what it wrote.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { parseAllDocuments, stringify } from 'yaml';
import { checkManifests } from '../../src/rules/check-manifests';
import { messageOf } from '../../src/rules/check-pod';
import { Manifest } from './manifests';

const CHECK = readFileSync(join(__dirname, '../../src/core/check-programs.sh'), 'utf8');

/** The manifests of examples/<name>.ts, without the text of the programs, which their own tests show. */
export function example(name: string): Manifest[] {
  const outdir = mkdtempSync(join(tmpdir(), 'example-'));
  process.env.CDK8S_OUTDIR = outdir;
  try {
    jest.requireActual(`../../examples/${name}`);
    return readdirSync(outdir)
      .sort()
      .flatMap((file) => parseAllDocuments(readFileSync(join(outdir, file), 'utf8')).map((document) => document.toJS()))
      .map(withoutPrograms);
  } finally {
    delete process.env.CDK8S_OUTDIR;
    rmSync(outdir, { recursive: true });
  }
}

/** The manifests as a reviewer reads them: YAML without the program that checks programs, and without hashes of programs. */
export function printed(manifests: Manifest[]): string {
  const json = JSON.stringify(manifests)
    .replaceAll(JSON.stringify(CHECK), '"(text of check-programs.sh)"')
    .replace(/\b[0-9a-f]{64}\b/g, '<hash>')
    .replace(/(programs|-token)-[0-9a-f]{10}\b/g, '$1-<hash>');
  return (JSON.parse(json) as Manifest[]).map((manifest) => stringify(manifest, { lineWidth: 0 })).join('---\n');
}

/** What the rules find in the manifests, warnings as well. */
export function findings(manifests: Manifest[]): string[] {
  return checkManifests(manifests).violations.map(messageOf);
}

function withoutPrograms(manifest: Manifest): Manifest {
  for (const name of Object.keys(manifest.data ?? {})) {
    if (name.endsWith('.sh')) manifest.data[name] = `(text of ${name})`;
  }
  return manifest;
}
