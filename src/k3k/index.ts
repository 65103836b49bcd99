export * from './k3k-cluster';
export * from './k3k-persistence';
