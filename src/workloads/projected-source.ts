import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { IConstruct } from 'constructs';
import { configMapOf, secretOf } from '../core/foreign-resource';
import { assertFilePath, toDownwardApiFile } from './downward-api';
import { DownwardApiFile } from './downward-api-file';

/** A token of the pod's service account in a file, renewed by the kubelet. */
export interface ServiceAccountTokenOptions {
  /** Path of the file in the volume. */
  readonly path: string;

  /**
   * Whom the token is for.
   *
   * @default - the API server
   */
  readonly audience?: string;

  /**
   * How long a token lives, 10 minutes or more.
   *
   * @default Duration.hours(1)
   */
  readonly expiration?: Duration;
}

/**
 * One source of a projected volume.
 *
 * @example
 * import { Chart, Duration } from 'cdk8s';
 * import { Secret } from 'cdk8s-plus-30';
 * import { ProjectedSource, SystemPod, SystemVolume } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const identity = SystemVolume.fromProjected(chart, 'Identity', 'identity', [
 *   ProjectedSource.secret(Secret.fromSecretName(chart, 'Certificate', 'shell-tls')),
 *   ProjectedSource.serviceAccountToken({ path: 'token', audience: 'vault', expiration: Duration.minutes(30) }),
 * ]);
 * const pod = new SystemPod(chart, 'Shell', { containers: [{ image: 'docker.io/library/ubuntu:24.04' }] });
 * pod.containers[0]?.mount('/identity', identity, { readOnly: true });
 */
export class ProjectedSource {
  /**
   * Keys of a Secret.
   *
   * @param secret the secret
   * @param items which keys, and the path of each; all of them by default
   */
  public static secret(secret: IConstruct, items?: Record<string, kplus.PathMapping>): ProjectedSource {
    return new ProjectedSource({
      secret: { name: secretOf(secret, 'ProjectedSource.secret(): secret').name, items: toItems(items) },
    });
  }

  /**
   * Keys of a ConfigMap.
   *
   * @param configMap the config map
   * @param items which keys, and the path of each; all of them by default
   */
  public static configMap(configMap: IConstruct, items?: Record<string, kplus.PathMapping>): ProjectedSource {
    return new ProjectedSource({
      configMap: { name: configMapOf(configMap, 'ProjectedSource.configMap(): configMap').name, items: toItems(items) },
    });
  }

  /**
   * A token of the pod's service account.
   *
   * @param options where it appears, whom it is for and how long it lives
   */
  public static serviceAccountToken(options: ServiceAccountTokenOptions): ProjectedSource {
    const expirationSeconds = options.expiration?.toSeconds();
    if (expirationSeconds !== undefined && expirationSeconds < 600) {
      throw new Error(`a service account token lives for 10 minutes or more, not for ${expirationSeconds} s`);
    }
    const { path, audience } = options;
    assertFilePath(path, 'service account token');
    return new ProjectedSource({ serviceAccountToken: { path, audience, expirationSeconds } });
  }

  /**
   * Fields of the pod.
   *
   * @param files which field in which file
   */
  public static downwardApi(files: DownwardApiFile[]): ProjectedSource {
    return new ProjectedSource({ downwardApi: { items: files.map(toDownwardApiFile) } });
  }

  private constructor(private readonly config: kplus.k8s.VolumeProjection) {}

  /** @internal */
  public _toKube(): kplus.k8s.VolumeProjection {
    return this.config;
  }
}

function toItems(items: Record<string, kplus.PathMapping> | undefined): kplus.k8s.KeyToPath[] | undefined {
  return (
    items &&
    Object.entries(items)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { path, mode }]) => ({ key, path, mode }))
  );
}
