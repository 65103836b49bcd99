import { App, Chart } from 'cdk8s';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SysboxRuntime, SysboxRuntimeProps } from '../../src';
import { documents, KubeObject } from '../cluster/client';

export const root = join(__dirname, '..', '..');

export const objectsOf = (text: string): KubeObject[] => documents(text).map(({ object }) => object);

export const nameOf = ({ kind, metadata }: KubeObject) =>
  [kind, metadata.namespace, metadata.name].filter(Boolean).join('/');

export const only = (objects: KubeObject[], kind: string): KubeObject => {
  const [found, ...more] = objects.filter((object) => object.kind === kind);
  if (!found || more.length > 0) throw new Error(`not one ${kind}`);
  return found;
};

/** What the constructs render. */
export function constructs(props: SysboxRuntimeProps): KubeObject[] {
  const chart = new Chart(new App(), 'sysbox', { disableResourceNameHashes: true });
  new SysboxRuntime(chart, 'sysbox', props);
  return JSON.parse(JSON.stringify(chart.toJson()));
}

/** The output of a program that is expected to succeed. */
export function output(program: string, args: string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}

/** Object by name, without what the settings' name ends in: each tool has a hash of its own. */
export function comparable(objects: KubeObject[]): Record<string, KubeObject> {
  const text = JSON.stringify(objects).replaceAll(
    /sysbox-installer-settings-[0-9a-z]{10}/g,
    'sysbox-installer-settings',
  );
  return Object.fromEntries((JSON.parse(text) as KubeObject[]).map((object) => [nameOf(object), object]));
}

/** References between the objects that lead nowhere. */
export function brokenReferences(objects: KubeObject[]): string[] {
  const there = new Set(objects.map(nameOf));
  const references = objects.flatMap((object) => {
    const { namespace } = object.metadata;
    const of = (kind: string, name: string, where?: string) => [kind, where, name].filter(Boolean).join('/');
    if (object.roleRef) {
      const role = object.roleRef.kind === 'Role' ? namespace : undefined;
      const subjects = object.subjects.map((subject: KubeObject) => of(subject.kind, subject.name, subject.namespace));
      return [of(object.roleRef.kind, object.roleRef.name, role), ...subjects];
    }
    if (object.spec?.policyName) return [of('ValidatingAdmissionPolicy', object.spec.policyName)];
    if (object.kind !== 'DaemonSet') return [];
    const { serviceAccountName, volumes } = object.spec.template.spec;
    const maps = volumes.flatMap(({ configMap, projected }: KubeObject) =>
      configMap ? [configMap] : (projected?.sources.map((source: KubeObject) => source.configMap) ?? []),
    );
    return [
      of('ServiceAccount', serviceAccountName, namespace),
      ...maps.map(({ name }: KubeObject) => of('ConfigMap', name, namespace)),
    ];
  });
  return references.filter((reference) => !there.has(reference));
}
