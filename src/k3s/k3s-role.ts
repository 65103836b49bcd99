import * as kplus from 'cdk8s-plus-30';
import { flags, serverArgs } from './k3s-args';
import { K3sNodeProps } from './k3s-node-props';
import { isServerOnly } from './k3s-settings';
import { NestedNetwork } from './nested-network';

/** Where the tokens are mounted. @internal */
export const TOKENS = '/etc/rancher/token';

/** Where the registries.yaml is mounted. @internal */
export const REGISTRIES = '/etc/rancher/registries';

const DATA = '/var/lib/rancher/k3s';
const KUBELET = { name: 'kubelet', number: 10250 };

/**
 * What differs between a server and an agent.
 *
 * @internal
 */
export interface K3sRole {
  readonly role: 'server' | 'agent';
  readonly args: string[];
  /** With which the node administers itself. */
  readonly kubeconfig: string;
  readonly ports: kplus.ContainerPort[];
  readonly tokenKeys: string[];
  /** Where an API server answers before this node has started. */
  readonly apiUrl?: string;
}

/** @internal */
export function serverRole(props: K3sNodeProps, where: string): K3sRole {
  const network = new NestedNetwork(props.network ?? {}, where);
  const { token } = props;
  return {
    role: 'server',
    args: [
      ...flags('cluster-cidr', [network.clusterCidr]),
      ...flags('service-cidr', [network.serviceCidr]),
      ...flags('cluster-dns', [network.clusterDns]),
      ...(token ? [`--token-file=${TOKENS}/${token.serverKey}`] : []),
      ...(token?.agentKey ? [`--agent-token-file=${TOKENS}/${token.agentKey}`] : []),
      ...serverArgs(props, where),
    ],
    kubeconfig: `${DATA}/server/cred/admin.kubeconfig`,
    ports: [{ name: 'api', number: 6443 }, KUBELET],
    tokenKeys: token ? [token.serverKey, ...(token.agentKey ? [token.agentKey] : [])] : [],
  };
}

/** @internal */
export function agentRole(props: K3sNodeProps, where: string): K3sRole {
  const { token, serverUrl = '' } = props;
  if (!/^https:\/\/[^/\s]+$/.test(serverUrl)) {
    throw new Error(`${where}: serverUrl '${serverUrl}' must be 'https://host:port', without a path`);
  }
  if (!token) throw new Error(`${where}: an agent joins ${serverUrl} with a token. Give \`token\``);
  const serverOnly = Object.entries(props).find(([prop, value]) => value !== undefined && isServerOnly(prop));
  if (serverOnly) {
    throw new Error(`${where}: ${serverOnly[0]} is an option of servers, and serverUrl makes this node an agent`);
  }
  const key = token.agentKey ?? token.serverKey;
  return {
    role: 'agent',
    args: [`--server=${serverUrl}`, `--token-file=${TOKENS}/${key}`],
    kubeconfig: `${DATA}/agent/kubelet.kubeconfig`,
    ports: [KUBELET],
    tokenKeys: [key],
    apiUrl: serverUrl,
  };
}
