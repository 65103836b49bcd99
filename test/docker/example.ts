// Runs an example as a user does, and reads what it wrote.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { parseAllDocuments } from 'yaml';
import { checkManifests } from '../../src/rules/check-manifests';
import { messageOf } from '../../src/rules/check-pod';
import { Manifest } from './manifests';

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
