export * from './labels';
export * from './runtime-class';
