import { ApiObject, App, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Json } from '../core/json';
import { onlyGivenOfContainers, remember, systemContainerProps } from './plus-defaults';

/**
 * Containers and volumes that are added to pods which are not of this version of cdk8s-plus. They are rendered as the parts
 * of a pod in an app of its own, so that they look as those of a system workload do.
 *
 * @internal
 */
export class AddedContainers {
  public readonly containers: kplus.Container[] = [];
  public readonly initContainers: kplus.Container[] = [];
  private readonly volumes: kplus.Volume[] = [];

  public addContainer(props: kplus.ContainerProps): kplus.Container {
    return added(props, this.containers);
  }

  public addInitContainer(props: kplus.ContainerProps): kplus.Container {
    return added(props, this.initContainers);
  }

  public addVolume(volume: kplus.Volume): void {
    this.volumes.push(volume);
  }

  /** The pod spec, as in a manifest, with what was added. */
  public addTo(spec: Json): Json {
    const own = this.toManifestJson();
    return {
      ...spec,
      containers: [...spec.containers, ...(own.containers ?? [])],
      ...(own.initContainers && { initContainers: [...(spec.initContainers ?? []), ...own.initContainers] }),
      ...(own.volumes && { volumes: [...(spec.volumes ?? []), ...own.volumes] }),
    };
  }

  private toManifestJson(): Json {
    const [containers, initContainers] = [this.containers, this.initContainers].map((list) => {
      const rendered = list.map((container) => container._toKube());
      onlyGivenOfContainers(rendered, list);
      return rendered;
    });
    const mounted = [...this.containers, ...this.initContainers].flatMap(({ mounts }) => mounts.map((m) => m.volume));
    const volumes = [...new Set([...mounted, ...this.volumes])].map((volume) => volume._toKube());
    if (volumes.length + this.containers.length + this.initContainers.length === 0) return {};
    const chart = new Chart(new App(), 'parts');
    const pod = new kplus.k8s.KubePod(chart, 'pod', {
      spec: { containers: containers as kplus.k8s.Container[], initContainers, volumes },
    });
    return ApiObject.of(pod).toJson().spec;
  }
}

function added(props: kplus.ContainerProps, list: kplus.Container[]): kplus.Container {
  const { name, image } = props;
  const container = remember(
    new kplus.Container({ ...systemContainerProps(props), name: name ?? 'main', image }),
    props,
  );
  list.push(container);
  return container;
}
