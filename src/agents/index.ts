export { AgentNetworkOptions } from './agent-network';
export * from './agent-sandbox';
export * from './agent-sandbox-claim';
export * from './agent-sandbox-template';
export * from './agent-sandbox-template-props';
export * from './agent-sandbox-warm-pool';
export { AgentShutdownPolicy } from './agent-shutdown-policy';
