// YAML as a user's GitOps engine would take it: what is committed in dist/, and charts that a test makes.
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Testing, Yaml, type Chart } from 'cdk8s';
import { parseAllDocuments } from 'yaml';
import type { PlatformImages } from './platform';

const dist = resolve(__dirname, '../../../dist');

interface Workload {
  readonly kind?: string;
  readonly spec?: { template?: { spec: PodSpec } } & Partial<PodSpec>;
}
interface PodSpec {
  readonly containers: readonly { image: string }[];
}

/** Text of each file, in the order of their names. */
export function distFiles(): string[] {
  const names = readdirSync(dist).filter((name) => name.endsWith('.yaml'));
  if (names.length === 0) throw new Error(`${dist} holds no YAML: run \`npm run synth\` first.`);
  return names.sort().map((name) => readFileSync(join(dist, name), 'utf8'));
}

/** The objects of a chart, in the order in which they can be applied. */
export const yamlOf = (chart: Chart) => Yaml.stringify(...Testing.synth(chart));

/** The images that dist/ asks for, so that exactly those names are side-loaded. */
export function distImages(): PlatformImages {
  const objects = distFiles().flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as Workload));
  const imageOf = (kind: string): string => {
    const spec = objects.find((object) => object?.kind === kind)?.spec;
    const image = (spec?.template?.spec ?? spec)?.containers?.[0]?.image;
    if (!image) throw new Error(`${dist} holds no ${kind} with an image.`);
    if (image.includes('@')) throw new Error(`${image}: an image made here cannot have a digest known before.`);
    return image;
  };
  return { installer: imageOf('DaemonSet'), ubuntu: imageOf('Deployment') };
}
