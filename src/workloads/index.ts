export * from './runtime-ref';
export * from './system-options';
export * from './system-settings';
export * from './system-workload';
export * from './system-pod';
