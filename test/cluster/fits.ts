import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shortHash } from '../../src/core/content-hash';
import { cached, run } from './cache';
import { KubeObject } from './client';

const source = join(__dirname, 'fits');

/** For each pod and each node: "fits", or what the scheduler has against it (fits/main.go). */
export async function fits(pods: KubeObject[], nodes: KubeObject[]): Promise<string[][]> {
  const input = JSON.stringify({ pods, nodes });
  return JSON.parse(await run(await program(), [], { input, otherwise: 'The scheduler cannot be asked.' }));
}

/** The Go program, built on first use; its name changes with its source and its dependencies. */
function program(): Promise<string> {
  const files = readdirSync(source).map((name) => readFileSync(join(source, name), 'utf8'));
  return cached(`fits-${shortHash(files)}`, async (path) => {
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', path];
    await run('go', ['build', ...flags, '.'], {
      cwd: source,
      env: { CGO_ENABLED: '0' },
      otherwise:
        "Cannot build the scheduler's predicates: Go, as new as test/cluster/fits/go.mod, and GOPROXY are needed once.",
    });
  });
}
