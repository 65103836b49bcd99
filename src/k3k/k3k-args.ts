import * as kplus from 'cdk8s-plus-30';
import { K3sNodeOptions, K3sServerOptions } from '../k3s';
import { extraArgs, nodeArgs, serverArgs } from '../k3s/k3s-args';
import { assertEnv } from '../k3s/k3s-settings';
import { assertMemory } from '../k3s/node-memory';

/**
 * Arguments of the servers. K3k puts them into a shell script, between double quotes and then as words.
 *
 * Source: k3k pkg/controller/cluster/server/template.go, EXTRA_ARGS.
 *
 * @internal
 */
export function k3kServerArgs(options: K3sServerOptions, where: string): string[] | undefined {
  const args = [
    ...serverArgs({ ...options, tlsSans: undefined }, where),
    ...nodeArgs(options, where),
    ...extraArgs(options, where),
  ];
  const unsafe = args.find((arg) => /[\s"$`\\*?[]/.test(arg));
  if (unsafe !== undefined) {
    throw new Error(
      `${where}: the argument '${unsafe}' does not reach K3s as it is: K3k puts the servers' arguments into a shell script. ` +
        'Leave out spaces, quotes, backslashes and any of $ ` * ? [',
    );
  }
  return nonEmpty(args);
}

/** @internal */
export function k3kAgentArgs(options: K3sNodeOptions, where: string): string[] | undefined {
  return nonEmpty([...nodeArgs(options, where), ...extraArgs(options, where)]);
}

/** Environment and resources of the nodes, as they are in a manifest. @internal */
export function toManifestJson(role: 'server' | 'agent', options: K3sNodeOptions, where: string) {
  assertEnv(options.envVariables, where);
  assertMemory(role, options.resources, where);
  const { env, resources } = new kplus.Container({
    image: 'k3s',
    envVariables: options.envVariables,
    resources: options.resources ?? {},
  })._toKube();
  return {
    env: nonEmpty((env ?? []).map((variable) => kplus.k8s.toJson_EnvVar(variable))),
    resources: kplus.k8s.toJson_ResourceRequirements(resources),
  };
}

function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}
