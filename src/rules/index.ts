export * from './severity';
export * from './finding';
export * from './rule-description';
export * from './rules-options';
export * from './system-pod-rules';
export * from './validation-plugin';
