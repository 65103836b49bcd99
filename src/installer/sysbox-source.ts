import * as kplus from 'cdk8s-plus-30';
import { IConstruct } from 'constructs';
import { pinnedImage } from '../core/image-reference';
import { DEFAULT_IMAGES, mirrored } from '../core/image-registry';

/** Where the binaries come from, when an image brings them. */
export interface ImageSourceOptions {
  /**
   * When the kubelet pulls the image.
   *
   * @default ImagePullPolicy.IF_NOT_PRESENT: the reference names one version
   */
  readonly imagePullPolicy?: kplus.ImagePullPolicy;

  /**
   * Secrets with credentials of the image's registry, in the installer's namespace and in `sysbox-verification`:
   * `Secret.fromSecretName` of any version of cdk8s-plus. From Kubernetes 1.35 on, the kubelet wants a pod's own credentials also
   * for an image that is on the node already (KEP-2535).
   *
   * @default - none
   */
  readonly imagePullSecrets?: IConstruct[];
}

/** How Sysbox that is on the hosts already is found. */
export interface HostSourceOptions extends ImageSourceOptions {
  /**
   * Directory on the host with sysbox-runc, sysbox-mgr and sysbox-fs. Refused: a path that is not absolute.
   *
   * @default "/usr/bin", where upstream's `make install` and its packages put them
   */
  readonly binaryDir?: string;

  /**
   * Image of the installer's pod: it must have sh, curl and jq.
   *
   * @default - upstream's sysbox-deploy-k8s image
   */
  readonly image?: string;
}

/**
 * Where the Sysbox binaries come from. Versions below 0.7.1 are refused: they do not work with containerd 2 (sysbox#1013).
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { Secret } from 'cdk8s-plus-30';
 * import { SysboxRuntime, SysboxSource } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const source = SysboxSource.image('registry.example.org/sysbox-deploy-k8s:v0.7.1-0', {
 *   imagePullSecrets: [Secret.fromSecretName(chart, 'Registry', 'registry')],
 * });
 * new SysboxRuntime(chart, 'Sysbox', { installation: { source } });
 */
export class SysboxSource {
  /** Upstream's image with the binaries, amd64 and arm64 (published with sysbox#1042). */
  public static readonly DEFAULT_IMAGE: string = DEFAULT_IMAGES.installer;

  /**
   * From an image that holds them under /opt/sysbox/bin/generic, and sh, curl and jq alongside them.
   *
   * @param image with a tag or a digest; refused: neither of them, the tag `latest`, and a version tag below v0.7.1
   */
  public static image(image: string = SysboxSource.DEFAULT_IMAGE, options: ImageSourceOptions = {}): SysboxSource {
    return new SysboxSource('image', checkedImage(image), '/opt/sysbox/current', options);
  }

  /** Already on the hosts: from upstream's package or `make install`. Their own units are used where there are any. */
  public static host(options: HostSourceOptions = {}): SysboxSource {
    const directory = options.binaryDir ?? '/usr/bin';
    if (!/^(\/[A-Za-z0-9._+-]+)+$/.test(directory)) {
      throw new Error(
        `SysboxSource.host(): binaryDir '${directory}' is not an absolute path. Write the directory like '/usr/bin'`,
      );
    }
    return new SysboxSource('host', checkedImage(options.image ?? SysboxSource.DEFAULT_IMAGE), directory, options);
  }

  /** Image of the installer's pod. */
  public readonly installerImage: string;

  /** Directory on the node in which the binaries are when containerd calls them. */
  public readonly binaryDir: string;

  /** @internal */
  public readonly _kind: string;

  /** @internal */
  public readonly _options: ImageSourceOptions;

  private constructor(kind: string, image: string, binaryDir: string, options: ImageSourceOptions) {
    this._kind = kind;
    this.installerImage = image;
    this.binaryDir = binaryDir;
    this._options = options;
    const policy = options.imagePullPolicy ?? kplus.ImagePullPolicy.IF_NOT_PRESENT;
    if (!Object.values(kplus.ImagePullPolicy).includes(policy)) {
      throw new Error(`SysboxSource: imagePullPolicy '${policy}' is none of Always, IfNotPresent, Never`);
    }
  }

  /** The image, from a mirror of default images where the scope has one. @internal */
  public _imageIn(scope: IConstruct): string {
    const isDefault = this.installerImage === SysboxSource.DEFAULT_IMAGE;
    return isDefault ? mirrored(scope, this.installerImage) : this.installerImage;
  }
}

function checkedImage(image: string): string {
  const { tag } = pinnedImage(image, 'SysboxSource');
  const version = /^v?(\d+)\.(\d+)\.(\d+)/.exec(tag ?? '');
  if (version && isBelow(version.slice(1).map(Number), [0, 7, 1])) {
    throw new Error(
      `SysboxSource: '${image}' is Sysbox ${version[0]}: below 0.7.1 no pod starts under containerd 2 (sysbox#1013). Use v0.7.1-0 or later`,
    );
  }
  return image;
}

function isBelow(version: number[], minimum: number[]): boolean {
  for (let i = 0; i < minimum.length; i++) {
    const difference = (version[i] ?? 0) - (minimum[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
