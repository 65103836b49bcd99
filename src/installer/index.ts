export * from './argo-cd';
export { SysboxNodePool, StartupTaint } from './node-pool';
export { SysboxDaemonOptions } from './daemon-args';
export { RolloutOptions } from './rollout';
export * from './sysbox-installer';
export * from './sysbox-runtime';
export * from './sysbox-source';
export * from './sysbox-alerts';
