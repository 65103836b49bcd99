import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The newest release; its module is not on the Go proxy (kube-state-metrics.test.ts says how it is built). */
export const KUBE_STATE_METRICS = 'v2.20.0';

export const recording = join(__dirname, 'fixtures', `kube-state-metrics-${KUBE_STATE_METRICS}.prom`);

/** Metrics that the alerts read. */
export const METRICS = [
  'kube_daemonset_status_desired_number_scheduled',
  'kube_daemonset_status_number_ready',
  'kube_node_spec_taint',
  'kube_pod_info',
  'kube_pod_runtimeclass_name_info',
  'kube_pod_status_phase',
  'kube_pod_status_ready',
];

/** What the recorded objects are called. */
export const RECORDED = { node: 'agent-1', installer: 'sysbox-installer-agent-1', pod: 'runner', namespace: 'ci' };

export interface Series {
  readonly series: string;
  readonly values: string;
}

/**
 * Recorded series of a metric whose labels have all of these, with their recorded values for ten hours, or with others where the
 * labels say so.
 */
export function recorded(metric: string, labels: Record<string, string> = {}): Series[] {
  const found = readFileSync(recording, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`))
    .filter((line) => Object.entries(labels).every(([name, value]) => line.includes(`${name}="${value}"`)))
    .map((line) => ({ series: line.slice(0, line.lastIndexOf(' ')), values: `${line.split(' ').at(-1)}x600` }));
  if (found.length === 0) throw new Error(`no recorded ${metric} ${JSON.stringify(labels)}`);
  return found;
}
