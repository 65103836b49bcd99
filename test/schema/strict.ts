import { join } from 'node:path';
import { cacheDirectory, python, run } from '../cluster/cache';

/** Every minor that the manifests must fit, from the oldest that can be opted into to the newest. */
export const schemaMinors = ['1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36', '1.37'];

/** It carries the schemas of all those minors inside. */
const kubernetesValidate = 'kubernetes-validate==1.37.0';

/** Files, or one YAML text. */
export type Manifests = string | readonly string[];

/**
 * What is wrong with manifests by the strict schemas of a Kubernetes minor (an unknown field is an error), one line a
 * mistake: file, object, path, reason. Objects of kinds that Kubernetes does not define are mistakes too, unless their
 * apiVersion is listed as `foreign`.
 *
 * @param manifests a YAML text, or the paths of files
 */
export async function validateStrictly(manifests: Manifests, minor: string, foreign: string[] = []): Promise<string[]> {
  const interpreter = await python('kubernetes-validate-1.37.0', [kubernetesValidate]);
  const input = typeof manifests === 'string' ? { text: manifests } : { files: manifests };
  const printed = await run(interpreter, [join(__dirname, 'strict.py')], {
    input: JSON.stringify({ ...input, minor, foreign }),
    otherwise: `The schema check of Kubernetes ${minor} did not run (environment in ${cacheDirectory()}).`,
  });
  return JSON.parse(printed);
}
