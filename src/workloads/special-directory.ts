import * as kplus from 'cdk8s-plus-30';
import { IConstruct } from 'constructs';
import { containerOf, storageOf } from '../core/foreign-resource';
import { SPECIAL_DIRECTORIES } from '../rules/special-directories';

/**
 * A directory that Sysbox treats specially: it mounts one from the node's /var/lib/sysbox there, so that an engine inside
 * never stacks overlay on overlay. That storage is outside the kubelet's accounting and gone with the container; a volume
 * mounted at exactly this path replaces it.
 *
 * Source: sysbox-runc libsysbox/syscont/spec.go, getSpecialDirs.
 *
 * @example
 * import { Chart, Size } from 'cdk8s';
 * import { SpecialDirectory, SystemPod, SystemVolume } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const pod = new SystemPod(chart, 'Builder', {});
 * const builder = pod.addContainer({ image: 'registry.example.org/buildkit:0.25' });
 * const disk = SystemVolume.fromEphemeralClaim(chart, 'Layers', 'layers', { storage: Size.gibibytes(50) });
 * SpecialDirectory.BUILDKIT.mount(builder, disk);
 */
export class SpecialDirectory {
  /** Data of a Docker engine: /var/lib/docker. */
  public static readonly DOCKER = new SpecialDirectory(SPECIAL_DIRECTORIES.docker);

  /**
   * Layers of a containerd that runs alongside a Docker engine or on its own. Docker 29 keeps its images here in images whose
   * containerd is a service of its own; a volume at DOCKER alone loses them.
   */
  public static readonly CONTAINERD = new SpecialDirectory(SPECIAL_DIRECTORIES.containerd);

  /** Data of a kubelet: /var/lib/kubelet. */
  public static readonly KUBELET = new SpecialDirectory(SPECIAL_DIRECTORIES.kubelet);

  /** Data of K3s: /var/lib/rancher/k3s. */
  public static readonly K3S = new SpecialDirectory(SPECIAL_DIRECTORIES.k3s);

  /** Data of RKE2: /var/lib/rancher/rke2. */
  public static readonly RKE2 = new SpecialDirectory(SPECIAL_DIRECTORIES.rke2);

  /** Data of k0s: /var/lib/k0s. */
  public static readonly K0S = new SpecialDirectory(SPECIAL_DIRECTORIES.k0s);

  /** Data of BuildKit: /var/lib/buildkit. */
  public static readonly BUILDKIT = new SpecialDirectory(SPECIAL_DIRECTORIES.buildkit);

  /**
   * The data directory that an image sets in its own /etc/docker/daemon.json (`data-root`) or
   * /etc/rancher/<k3s or rke2>/config.yaml (`data-dir`). Sysbox reads those files from the image only: a flag, or a ConfigMap
   * mounted there, does not make a directory special.
   *
   * @param path absolute path in the container
   */
  public static fromImage(path: string): SpecialDirectory {
    if (!path.startsWith('/') || path.split('/').includes('..')) {
      throw new Error(`special directory '${path}' must be an absolute path without '..'`);
    }
    return new SpecialDirectory(path.length > 1 ? path.replace(/\/+$/, '') : path);
  }

  private constructor(
    /** Absolute path in the container. */
    public readonly path: string,
  ) {}

  /**
   * Mount storage at exactly this directory. Give each consumer storage of its own.
   *
   * @param container the container, of any version of cdk8s-plus
   * @param storage the volume or claim
   * @param options cdk8s-plus' options of a mount; `readOnly` is refused, as an engine writes there
   */
  public mount(container: unknown, storage: IConstruct, options: kplus.MountOptions = {}): void {
    const consumer = containerOf(container, `${this.path}: the container`);
    const volume = storageOf(storage, `${this.path}: storage`);
    if (options.readOnly) {
      throw new Error(`${storage.node.path}: an engine writes to ${this.path}. Do not mount it read-only`);
    }
    consumer.mount(this.path, volume, options);
  }
}
