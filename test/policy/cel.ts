import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shortHash } from '../../src/core/content-hash';
import { cached, run } from '../cluster/cache';

const source = join(__dirname, 'cel');

/** The messages of all validations that an object breaks, for each object in turn. */
export type Denials = string[][];

/** Evaluates policies with the CEL environment and the validator of the API server, but without a server: see cel/main.go. */
export async function evaluate(policies: object[], objects: object[]): Promise<Denials> {
  const out = await run(await evaluator(), [], {
    input: JSON.stringify({ policies, objects }),
    otherwise: 'The CEL of the policies cannot be evaluated.',
  });
  return JSON.parse(out);
}

/** The JSON fields of the types that a pod is written with, in the newest Kubernetes. */
export async function podFields(): Promise<Record<string, string[]>> {
  return JSON.parse(await run(await evaluator(), ['fields'], { otherwise: 'The fields of the API cannot be listed.' }));
}

/** The Go program, built on first use; its name changes with its source and its dependencies. */
function evaluator(): Promise<string> {
  const files = readdirSync(source).map((name) => readFileSync(join(source, name), 'utf8'));
  return cached(`cel-${shortHash(files)}`, async (path) => {
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', path];
    await run('go', ['build', ...flags, '.'], {
      cwd: source,
      env: { CGO_ENABLED: '0' },
      otherwise: 'Cannot build the CEL evaluator: Go, as new as test/policy/cel/go.mod, and GOPROXY are needed once.',
    });
  });
}

/** Whether Go is on the PATH. CI must have it: there, its absence is an error. */
export function hasGo(env: NodeJS.ProcessEnv = process.env): boolean {
  const found = spawnSync('go', ['version'], { env }).error === undefined;
  if (!found && env.CI) throw new Error('Go is not on the PATH, and CI must evaluate the CEL of the rules: install it');
  return found;
}
