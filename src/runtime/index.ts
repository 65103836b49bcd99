export * from './container-engine';
export { ImageRegistry } from '../core/image-registry';
export { NodeLabels } from '../core/labels';
export { PodOverhead } from './pod-overhead';
export * from './runtime-class';
export { ISysboxRuntime } from './runtime-ref';
export { RuntimeScheduling } from './runtime-scheduling';
export { RuntimeReference, RuntimeReferenceOptions } from './runtime-reference';
