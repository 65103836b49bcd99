import { K3sClusterProps } from './k3s-cluster';
import { NestedNetwork } from './nested-network';

/** How many servers etcd is sound with: more take longer for each write, and bear failures that nobody has at once. */
const ETCD_SERVERS = [3, 5];

/** @internal */
export function assertSize(props: K3sClusterProps, where: string): void {
  const { servers = 1, agents = 0, maxUnavailable = 1 } = props;
  assertServers(servers, where);
  assertWhole('agents', agents, where);
  assertWhole('maxUnavailable', maxUnavailable, where);
  if (servers > 1 && 'K3S_DATASTORE_ENDPOINT' in (props.server?.env ?? {})) {
    throw new Error(
      `${where}: ${servers} servers keep their data in etcd, and env has K3S_DATASTORE_ENDPOINT. Leave one of the two out: ` +
        'a database elsewhere has 1 server here',
    );
  }
  assertRoom(props, servers + agents, where);
}

function assertServers(servers: number, where: string): void {
  if (servers === 1 || ETCD_SERVERS.includes(servers)) return;
  if (servers > 0 && servers % 2 === 0) {
    throw new Error(
      `${where}: servers is ${servers}. A majority of ${servers} may miss no more servers than one of ${servers - 1}: use 1, 3 or 5`,
    );
  }
  throw new Error(
    `${where}: servers is ${servers}. Use 1, which keeps its data in SQLite, or 3 or 5, which share an etcd`,
  );
}

function assertWhole(what: string, count: number, where: string): void {
  if (!Number.isInteger(count) || count < 0) {
    throw new Error(`${where}: ${what} is ${count}. Give a whole number from 0 on`);
  }
}

function assertRoom(props: K3sClusterProps, nodes: number, where: string): void {
  const ownMask = props.server?.kubeControllerManagerArgs?.some((arg) => arg.startsWith('node-cidr-mask-size'));
  const checked = new NestedNetwork(props.network ?? {}, where);
  if (!ownMask) checked.assertRoomFor(nodes);
}
