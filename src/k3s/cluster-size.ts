import { NestedNetwork, NestedNetworkOptions } from './nested-network';

/** Sizes of a reasonable etcd: more members make each write slower, and tolerate failures that do not happen together. */
const ETCD_SERVERS = [3, 5];

/** @internal */
export interface NodeCounts {
  readonly servers: number;
  readonly agents: number;
  readonly maxUnavailable: number;
  readonly network: NestedNetworkOptions;
  /** The user chose how large the CIDR of a node is. */
  readonly customMask: boolean;
  /** The servers keep their data in a database outside. */
  readonly externalDatastore: boolean;
}

/** @internal */
export function assertNodeCounts(counts: NodeCounts, where: string): void {
  const { servers, agents, maxUnavailable, network } = counts;
  assertServers(servers, where);
  assertWhole('agents', agents, where);
  assertWhole('maxUnavailable', maxUnavailable, where);
  if (servers > 1 && counts.externalDatastore) {
    throw new Error(
      `${where}: ${servers} servers keep their data in etcd, and envVariables has K3S_DATASTORE_ENDPOINT. Leave one of the two ` +
        'out: with an external database there is 1 server here',
    );
  }
  const checked = new NestedNetwork(network, where);
  if (!counts.customMask) checked.assertRoomFor(servers + agents);
}

function assertServers(servers: number, where: string): void {
  if (servers === 1 || ETCD_SERVERS.includes(servers)) return;
  if (servers > 0 && servers % 2 === 0) {
    throw new Error(
      `${where}: servers is ${servers}. ${servers} servers tolerate no more failures than ${servers - 1}: use 1, 3 or 5`,
    );
  }
  throw new Error(
    `${where}: servers is ${servers}. Use 1, which keeps its data in SQLite, or 3 or 5, which share an etcd`,
  );
}

function assertWhole(what: string, count: number, where: string): void {
  if (Number.isInteger(count) && count >= 0) return;
  throw new Error(`${where}: ${what} is ${count}. Give a whole number from 0`);
}
