import { Construct } from 'constructs';
import { SystemPod, SystemPodProps } from '../workloads/system-pod';
import { ActionsRunnerOptions, runnerTemplate } from './actions-runner';
import { DockerEngine } from './docker-engine';
import { DockerEngineOptions } from './engine-options';

/** The props of a SystemPod, and its Docker engine. */
export interface DockerPodProps extends SystemPodProps {
  /**
   * How the engine is set up.
   *
   * @default - Docker's image, 20 GiB of storage, the MTU of the pod
   */
  readonly docker?: DockerEngineOptions;
}

/**
 * A pod with a Docker engine. With `containers` the engine is a native sidecar of them; without, it is the pod's own
 * container.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { DockerPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new DockerPod(chart, 'Tests', {
 *   containers: [{ image: 'docker.io/library/docker:29-cli', command: ['docker', 'run', '--rm', 'hello-world:linux'] }],
 * });
 */
export class DockerPod extends SystemPod {
  /**
   * The pod template of a runner scale set of GitHub's Actions Runner Controller, with Docker under Sysbox where the
   * chart's container mode "dind" has a privileged container. Give it to the chart `gha-runner-scale-set` as `template`,
   * and leave its `containerMode` out. The chart must be 0.7.0 or newer: the CRD of older ones drops the `restartPolicy` of
   * init containers (actions-runner-controller 65fd0454). What the template refers to is made under the scope, and must be in
   * the namespace of the runners.
   *
   * @param scope where the ConfigMap of the engine belongs
   * @param id the construct's id
   * @param options how the runners are set up
   * @returns a PodTemplateSpec as it is on the wire
   */
  public static actionsRunnerTemplate(
    scope: Construct,
    id: string,
    options: ActionsRunnerOptions,
  ): Record<string, any> {
    return runnerTemplate(scope, id, options);
  }

  /** The engine. */
  public readonly docker: DockerEngine;

  constructor(scope: Construct, id: string, props: DockerPodProps = {}) {
    super(scope, id, props);
    this.docker = DockerEngine.on(this, props.docker);
  }
}
