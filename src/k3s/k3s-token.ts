import * as kplus from 'cdk8s-plus-30';

/** Where the tokens are in a Secret. */
export interface K3sTokenOptions {
  /**
   * Key of the token with which servers join, and agents too when there is no `agentKey`.
   *
   * @default "token"
   */
  readonly serverKey?: string;

  /**
   * Key of the token with which agents join. Whatever runs on an agent can read its token, and with that of the servers it
   * could become one.
   *
   * @default - agents join with the servers' token
   */
  readonly agentKey?: string;
}

/**
 * The tokens of a nested cluster. They are never in a manifest.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { Secret } from 'cdk8s-plus-30';
 * import { K3sCluster, K3sToken } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * const secret = Secret.fromSecretName(chart, 'Token', 'k3s-token');
 * new K3sCluster(chart, 'Dev', {
 *   version: 'v1.36.2+k3s1',
 *   token: K3sToken.fromSecret(secret, { serverKey: 'server', agentKey: 'agent' }),
 * });
 */
export class K3sToken {
  /**
   * Tokens that are in a Secret already.
   *
   * @param secret the Secret, in the namespace of the pods
   * @param options its keys
   */
  public static fromSecret(secret: kplus.ISecret, options: K3sTokenOptions = {}): K3sToken {
    return new K3sToken(secret, options.serverKey ?? 'token', options.agentKey);
  }

  private constructor(
    /** The Secret. */
    public readonly secret: kplus.ISecret,
    /** Key of the servers' token. */
    public readonly serverKey: string,
    /** Key of the agents' token, when they have one of their own. */
    public readonly agentKey?: string,
  ) {}
}
