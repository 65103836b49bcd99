import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';

const FILE = 'registries.yaml';

/**
 * A registries.yaml for the containerd inside: mirrors, credentials, certificates.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { Secret } from 'cdk8s-plus-30';
 * import { K3sCluster, K3sRegistries } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * new K3sCluster(chart, 'Dev', {
 *   version: 'v1.36.2+k3s1',
 *   registries: K3sRegistries.fromSecret(Secret.fromSecretName(chart, 'Registries', 'registries')),
 * });
 */
export class K3sRegistries {
  /**
   * From a Secret: the place for one with credentials.
   *
   * @param secret the Secret, in the namespace of the pods
   * @param key the key with the file's content
   */
  public static fromSecret(secret: kplus.ISecret, key: string = FILE): K3sRegistries {
    return new K3sRegistries(key, secret, undefined);
  }

  /**
   * From a ConfigMap: without credentials.
   *
   * @param configMap the ConfigMap, in the namespace of the pods
   * @param key the key with the file's content
   */
  public static fromConfigMap(configMap: kplus.IConfigMap, key: string = FILE): K3sRegistries {
    return new K3sRegistries(key, undefined, configMap);
  }

  private constructor(
    /** The key with the file's content. */
    public readonly key: string,
    /** The Secret, when it is one. */
    public readonly secret: kplus.ISecret | undefined,
    /** The ConfigMap, when it is one. */
    public readonly configMap: kplus.IConfigMap | undefined,
  ) {}

  /** @internal */
  public _toVolume(scope: Construct): kplus.Volume {
    const options = { name: 'k3s-registries', items: { [this.key]: { path: FILE } } };
    if (this.secret) return kplus.Volume.fromSecret(scope, 'K3sRegistries', this.secret, options);
    return kplus.Volume.fromConfigMap(scope, 'K3sRegistries', this.configMap as kplus.IConfigMap, options);
  }
}
