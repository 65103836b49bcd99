import { ApiObject, ApiObjectMetadata } from 'cdk8s';
import { claimNames } from '../core/unique-names';
import { Construct } from 'constructs';
import { SandboxWarmPool, SandboxWarmPoolSpecUpdateStrategyType } from '../../imports/extensions.agents.x-k8s.io';
import { AgentSandboxTemplate } from './agent-sandbox-template';

/** How a pool replaces sandboxes that were made from an older template. */
export enum AgentPoolUpdateStrategy {
  /** When they are claimed or deleted. */
  ON_REPLENISH = 'OnReplenish',

  /** Immediately, those that nobody has claimed. */
  RECREATE = 'Recreate',
}

/** Sandboxes that are ready before they are claimed. */
export interface AgentSandboxWarmPoolProps {
  /** What its sandboxes are made from. */
  readonly template: AgentSandboxTemplate;

  /**
   * How many sandboxes wait for a claim. With 0 each claim starts one.
   *
   * @default 1
   */
  readonly replicas?: number;

  /**
   * How sandboxes of an older template are replaced.
   *
   * @default AgentPoolUpdateStrategy.ON_REPLENISH
   */
  readonly updateStrategy?: AgentPoolUpdateStrategy;

  /**
   * Metadata of the pool.
   *
   * @default - a name made from the construct's path
   */
  readonly metadata?: ApiObjectMetadata;
}

/**
 * A pool of sandboxes that are started before somebody claims them: a SandboxWarmPool of agent-sandbox.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { AgentSandboxClaim, AgentSandboxTemplate, AgentSandboxWarmPool } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'agents', { namespace: 'agents' });
 * const template = new AgentSandboxTemplate(chart, 'Template', {
 *   containers: [{ name: 'agent', image: 'registry.example.org/agent:1.4.0' }],
 * });
 * const pool = new AgentSandboxWarmPool(chart, 'Pool', { template, replicas: 3 });
 * new AgentSandboxClaim(chart, 'Claim', { pool });
 * app.synth();
 */
export class AgentSandboxWarmPool extends Construct {
  /** Its name. */
  public readonly name: string;

  constructor(scope: Construct, id: string, props: AgentSandboxWarmPoolProps) {
    super(scope, id);
    const { template, metadata, replicas = 1, updateStrategy = AgentPoolUpdateStrategy.ON_REPLENISH } = props;
    if (!Number.isInteger(replicas) || replicas < 0) {
      throw new Error(`${this.node.path}: replicas is ${replicas}. Give a whole number from 0`);
    }
    const resource: ApiObject = new SandboxWarmPool(this, 'Resource', {
      metadata,
      spec: {
        replicas,
        sandboxTemplateRef: { name: template.name },
        updateStrategy: { type: updateStrategy as string as SandboxWarmPoolSpecUpdateStrategyType },
      },
    });
    this.name = resource.name;
    claimNames(this);
  }
}
