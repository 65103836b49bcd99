import { Chart, Cron, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import * as workloads from '../../src/workloads';

/** Props that every kind shares. */
export interface CommonProps extends kplus.AbstractPodProps {
  readonly system?: workloads.SystemOptions;
}

export interface Kind {
  readonly name: string;
  readonly make: (scope: Construct, id: string, props?: CommonProps) => workloads.ISystemWorkload & kplus.AbstractPod;
  /** The pod template of the rendered manifest: its metadata and its spec. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly template: (manifest: any) => any;
}

/** Every class of the family that the library exports: a new one without a row here fails a test. */
export const kinds: Record<string, Kind> = {
  SystemPod: {
    name: 'SystemPod',
    make: (scope, id, props) => new workloads.SystemPod(scope, id, props),
    template: (manifest) => manifest,
  },
  SystemDeployment: {
    name: 'SystemDeployment',
    make: (scope, id, props) => new workloads.SystemDeployment(scope, id, props),
    template: (manifest) => manifest.spec.template,
  },
  SystemStatefulSet: {
    name: 'SystemStatefulSet',
    make: (scope, id, props) => {
      const service = new kplus.Service(scope, `${id}-service`, { ports: [{ port: 80 }] });
      return new workloads.SystemStatefulSet(scope, id, { ...props, service });
    },
    template: (manifest) => manifest.spec.template,
  },
  SystemDaemonSet: {
    name: 'SystemDaemonSet',
    make: (scope, id, props) => new workloads.SystemDaemonSet(scope, id, props),
    template: (manifest) => manifest.spec.template,
  },
  SystemJob: {
    name: 'SystemJob',
    make: (scope, id, props) => new workloads.SystemJob(scope, id, props),
    template: (manifest) => manifest.spec.template,
  },
  SystemCronJob: {
    name: 'SystemCronJob',
    make: (scope, id, props) => new workloads.SystemCronJob(scope, id, { ...props, schedule: Cron.daily() }),
    template: (manifest) => manifest.spec.jobTemplate.spec.template,
  },
};

/** The props of the article's pod. */
export const ubuntu: CommonProps = {
  metadata: { name: 'ubuntu' },
  containers: [{ name: 'ubuntu', image: 'ubuntu:24.04', command: ['sleep', 'infinity'] }],
};

/** A chart in which names are easy to read. */
export function newChart(): Chart {
  return Testing.chart();
}

/** The pod spec of one workload of this kind. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function podSpecOf(kind: Kind, props: CommonProps = ubuntu): any {
  const chart = newChart();
  kind.make(chart, 'it', props);
  return podSpecIn(kind, chart);
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function podSpecIn(kind: Kind, chart: Chart): any {
  return templateIn(kind, chart).spec;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function templateIn(kind: Kind, chart: Chart): any {
  const own = Testing.synth(chart).filter((object) => `System${object.kind}` === kind.name);
  expect(own).toHaveLength(1);
  return kind.template(own[0]);
}
