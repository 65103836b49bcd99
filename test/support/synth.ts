import { Chart, ChartProps, Testing } from 'cdk8s';

/** A manifest as it is written, every field reachable without casts. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Manifest = Record<string, any>;

/** A chart of its own app, with object names that a reader can guess. */
export function testChart(props: ChartProps = {}): Chart {
  return new Chart(Testing.app(), 'test', { disableResourceNameHashes: true, ...props });
}

/** The manifests of a chart, or of what `build` puts into a new one. */
export function synth(build: (chart: Chart) => void, props: ChartProps = {}): Manifest[] {
  const chart = testChart(props);
  build(chart);
  return Testing.synth(chart);
}

/** The only manifest of a kind; fails when there is none or more than one. */
export function only(manifests: Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((m) => m.kind === kind && (name === undefined || m.metadata.name === name));
  if (found.length !== 1) throw new Error(`${found.length} manifests of kind ${kind}`);
  return found[0] as Manifest;
}
