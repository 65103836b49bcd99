export * from './containerd';
export * from './installer';
export * from './runtime';
export * from './workloads';
