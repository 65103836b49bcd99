export { ActionsRunnerOptions } from './actions-runner';
export * from './daemon-options';
export { DockerEngine } from './docker-engine';
export * from './docker-mtu';
export * from './docker-pod';
export * from './docker-server';
export * from './engine-options';
