export * from './k3s-cluster';
export { K3sInit } from './k3s-init';
export * from './k3s-node';
export * from './k3s-options';
export * from './k3s-registries';
export * from './k3s-token';
export * from './k3s-version';
export { INestedCluster, NestedExpose, NestedExposeOptions } from './nested-cluster';
export { NestedNetworkOptions } from './nested-network';
