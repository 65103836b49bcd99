export { DevMachine, DevMachineOptions } from './dev-machine';
export * from './dev-sandbox';
export { JournalLevel, SystemdJournalOptions } from './journal';
export * from './machine-id';
export { SandboxNetworkOptions } from './sandbox-network';
export * from './stop-strategy';
export * from './systemd-machine';
export * from './systemd-options';
export * from './systemd-pod';
