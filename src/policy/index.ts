export * from './namespace-selection';
export * from './policy-action';
export * from './system-pod-policy';
export { SandboxContainerDefaults, SandboxQuota } from './sandbox-limits';
export { SandboxNetwork } from './sandbox-network';
export * from './sandbox-namespace';
