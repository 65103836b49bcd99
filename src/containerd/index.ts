export * from './config-version';
export * from './containerd-runtime';
export * from './io-type';
