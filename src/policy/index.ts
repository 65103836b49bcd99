export { NamespaceSelectionOptions } from './namespace-selection';
export * from './system-pod-policy';
export { SandboxContainerDefaultsOptions, SandboxQuotaOptions } from './sandbox-limits';
export { SandboxNamespaceNetworkOptions } from './sandbox-network';
export * from './sandbox-namespace';
