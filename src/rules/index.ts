export { RuleSeverity } from './rule';
export * from './system-pod-rules';
export * from './validation-plugin';
