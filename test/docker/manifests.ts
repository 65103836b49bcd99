import { Chart, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { checkedCommand } from '../../src/core/program-files';
import { ISystemWorkload, SystemPod } from '../../src/workloads';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Manifest = any;

/** Manifests by kind; of several of one kind the first. */
export function byKind(chart: Chart): Record<string, Manifest> {
  return Object.fromEntries(
    Testing.synth(chart)
      .reverse()
      .map((manifest) => [manifest.kind, manifest]),
  );
}

/** The pod spec, and its daemon.json, of a pod to which something is done. */
export function podWith(personality: (pod: SystemPod & ISystemWorkload) => unknown, props: kplus.PodProps = {}) {
  const chart = Testing.chart();
  personality(new SystemPod(chart, 'it', props));
  const { Pod, ConfigMap, ...others } = byKind(chart);
  const text = ConfigMap?.data['daemon.json'];
  return { spec: Pod.spec, pod: Pod, configMap: ConfigMap, others, daemon: text && JSON.parse(text) };
}

/** The command that runs a program after the check of all files of the ConfigMap that has it. */
export function checked(objects: Manifest[], directory: string, program: string, ...args: string[]): string[] {
  const { data } = objects.find((object) => object.kind === 'ConfigMap' && program in object.data);
  return checkedCommand(directory, data, program, ...args);
}

export function containerOf(spec: Manifest, name: string): Manifest {
  return [...spec.containers, ...(spec.initContainers ?? [])].find((c) => c.name === name);
}
