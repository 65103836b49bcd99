export * from './container-engine';
export { NodeLabels } from './labels';
export * from './runtime-class';
export { ISysboxRuntime, RuntimeReference, RuntimeReferenceOptions } from './runtime-ref';
