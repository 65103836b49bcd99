import { ApiObject, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { SystemJob, SystemOptions } from '../workloads';
import { K3sToken } from './k3s-token';
import { shortHash } from '../core/content-hash';
import { CLIENT_RESOURCES, programCommand, programsVolume, PROGRAMS_PATH } from './pod-programs';
import { RuntimePopulatedSecret } from './runtime-populated-secret';

/** @internal */
export interface TokenJobOptions {
  readonly image: string;
  readonly system?: SystemOptions;
}

/**
 * Tokens that a Job generates in the cluster, once.
 *
 * @internal
 */
export function generatedToken(scope: Construct, cluster: string, options: TokenJobOptions): K3sToken {
  const name = `${cluster}-token`;
  const { secret, serviceAccount } = new RuntimePopulatedSecret(scope, 'Token', name);
  const job = new SystemJob(scope, 'TokenJob', {
    metadata: { name },
    serviceAccount,
    automountServiceAccountToken: true,
    restartPolicy: kplus.RestartPolicy.ON_FAILURE,
    // the whole cluster waits for it, and a failed Job is not created again by another `apply`
    backoffLimit: 1000,
    system: { ...options.system, containers: undefined },
  });
  const container = job.addContainer({
    name: 'token',
    image: options.image,
    command: programCommand('token.sh'),
    envVariables: {
      SECRET_NAME: kplus.EnvValue.fromValue(secret.name),
      SECRET_KEYS: kplus.EnvValue.fromValue('token agent-token'),
    },
    resources: CLIENT_RESOURCES,
  });
  container.mount(PROGRAMS_PATH, programsVolume(job), { readOnly: true });
  nameAfterContent(job, name);
  return K3sToken.fromSecret(secret, { agentKey: 'agent-token' });
}

/** The pods of a Job are immutable: another version of K3s is another Job, which finds the tokens in place. */
function nameAfterContent(job: SystemJob, name: string): void {
  const object = ApiObject.of(job);
  object.addJsonPatch(JsonPatch.replace('/metadata/name', `${name}-${shortHash(object.toJson().spec)}`));
}
