export * from './k3k-cluster';
