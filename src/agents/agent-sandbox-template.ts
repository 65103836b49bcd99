import { ApiObject, ApiObjectMetadata } from 'cdk8s';
import { Construct } from 'constructs';
import {
  SandboxTemplate,
  SandboxTemplateSpecEnvVarsInjectionPolicy,
  SandboxTemplateSpecNetworkPolicyManagement,
} from '../../imports/extensions.agents.x-k8s.io';
import { Json } from '../core/json';
import { agentRules } from './agent-network';
import { AgentSandboxTemplateProps } from './agent-sandbox-template-props';
import { AgentWorkload } from './agent-workload';

/**
 * What a warm pool makes sandboxes from: a SandboxTemplate of agent-sandbox (https://agent-sandbox.sigs.k8s.io) whose pods are
 * system pods. Put a personality on it as on any workload. All its sandboxes share one NetworkPolicy, which the controller makes.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { AgentSandboxTemplate, AgentSandboxWarmPool, DockerEngine } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'agents', { namespace: 'agents' });
 * const template = new AgentSandboxTemplate(chart, 'Template', {
 *   containers: [{ name: 'agent', image: 'registry.example.org/agent:1.4.0' }],
 * });
 * DockerEngine.on(template);
 * new AgentSandboxWarmPool(chart, 'Pool', { template, replicas: 2 });
 * app.synth();
 */
export class AgentSandboxTemplate extends AgentWorkload {
  public readonly resourceType: string = 'sandboxtemplates';

  constructor(
    scope: Construct,
    id: string,
    private readonly props: AgentSandboxTemplateProps,
  ) {
    super(scope, id, props);
    // a wrong CIDR is an error of this line, not of the synthesis
    agentRules(props.network ?? {}, this.node.path);
  }

  /** @internal */
  public _newResource(metadata: ApiObjectMetadata | undefined, spec: Json): ApiObject {
    return new SandboxTemplate(this, 'Resource', { metadata, spec });
  }

  /** @internal */
  public override _toSpec(): Json {
    return {
      ...super._toSpec(),
      networkPolicyManagement: SandboxTemplateSpecNetworkPolicyManagement.MANAGED,
      networkPolicy: agentRules(this.props.network ?? {}, this.node.path),
      envVarsInjectionPolicy: SandboxTemplateSpecEnvVarsInjectionPolicy.DISALLOWED,
    };
  }
}
