import { Construct, IConstruct } from 'constructs';

/**
 * Every image that something of ours names by default; K3s's gets its tag from the version that its user names. Named in full:
 * CRI-O has no default registry, and from 1.34 on refuses a short name where several registries are searched (cri-o#9401).
 *
 * @internal
 */
export const DEFAULT_IMAGES = {
  installer: 'registry.nestybox.com/nestybox/sysbox-deploy-k8s:v0.7.1-0',
  docker: 'docker.io/library/docker:29-dind',
  k3s: 'docker.io/rancher/k3s',
} as const;

const CONTEXT = 'cdk8s-sysbox.io/registry';
const REGISTRY = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(\/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)*$/;

/**
 * The registry that default images come from.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { ImageRegistry, SysboxRuntime } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * ImageRegistry.use(app, 'registry.example');
 * new SysboxRuntime(new Chart(app, 'platform'), 'sysbox');
 * app.synth();
 */
export class ImageRegistry {
  /**
   * Take the default images of everything under a construct from a mirror: `docker.io/library/docker:29-dind` becomes
   * `<registry>/library/docker:29-dind`. An image that a prop names stays as it is. Refused: what is not a registry, and a
   * construct that has children already.
   *
   * @param scope the app, or a chart
   * @param registry a host with an optional port and path, such as "registry.example:5000/mirror"
   */
  public static use(scope: Construct, registry: string): void {
    if (!REGISTRY.test(registry)) {
      throw new Error(
        `ImageRegistry.use(): '${registry}' is not a registry. Write it as 'registry.example:5000/mirror', without a scheme`,
      );
    }
    scope.node.setContext(CONTEXT, registry);
  }

  private constructor() {}
}

/**
 * A default image, from the mirror where there is one.
 *
 * @internal
 */
export function mirrored(scope: IConstruct, image: string): string {
  const registry = scope.node.tryGetContext(CONTEXT);
  return registry === undefined ? image : `${registry}/${image.slice(image.indexOf('/') + 1)}`;
}
