import { ApiObject, ApiObjectMetadata } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { Sandbox, SandboxSpecOperatingMode, SandboxSpecShutdownPolicy } from '../../imports/agents.x-k8s.io';
import { Json } from '../core/json';
import { agentRules } from './agent-network';
import { AgentSandboxTemplateProps } from './agent-sandbox-template-props';
import { AgentWorkload } from './agent-workload';
import { AgentShutdownPolicy, timestamp } from './agent-shutdown-policy';

/** A sandbox: its pod, claims and network, and whether it runs. */
export interface AgentSandboxProps extends AgentSandboxTemplateProps {
  /**
   * Suspended: no pod, while the Sandbox and its claims stay.
   *
   * @default false
   */
  readonly suspended?: boolean;

  /**
   * When the sandbox expires: its pod and Service are deleted then.
   *
   * @default - never
   */
  readonly shutdownTime?: Date;

  /**
   * What becomes of the Sandbox object when it expires. Refused without `shutdownTime`, and `DELETE_FOREGROUND`, which only claims
   * have.
   *
   * @default - it is kept, and says that it expired
   */
  readonly shutdownPolicy?: AgentShutdownPolicy;
}

/**
 * A machine for an agent: a Sandbox of agent-sandbox (https://agent-sandbox.sigs.k8s.io), one pod with a stable name that can be
 * suspended, as a system pod. It has no ServiceAccount token, follows Pod Security Restricted, and reaches nothing else in the cluster.
 * Put a personality on it as on any workload. agent-sandbox's controller must be installed.
 *
 * @example
 * import { App, Chart, Size } from 'cdk8s';
 * import { AgentSandbox, DockerEngine, SystemStorage } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'agents', { namespace: 'agents' });
 * const sandbox = new AgentSandbox(chart, 'Sandbox', {
 *   containers: [{ name: 'agent', image: 'registry.example.org/agent:1.4.0' }],
 * });
 * DockerEngine.on(sandbox, { storage: SystemStorage.claim({ storage: Size.gibibytes(20) }) });
 * app.synth();
 */
export class AgentSandbox extends AgentWorkload {
  public readonly resourceType: string = 'sandboxes';

  constructor(
    scope: Construct,
    id: string,
    private readonly props: AgentSandboxProps,
  ) {
    super(scope, id, props);
    const where = this.node.path;
    if (props.shutdownPolicy !== undefined && props.shutdownTime === undefined) {
      throw new Error(`${where}: shutdownPolicy has no effect without shutdownTime. Give one, or leave the policy out`);
    }
    if (props.shutdownPolicy === AgentShutdownPolicy.DELETE_FOREGROUND) {
      throw new Error(`${where}: a Sandbox is not deleted in the foreground. Use AgentShutdownPolicy.DELETE`);
    }
    this.addNetworkPolicy(agentRules(props.network ?? {}, where));
  }

  /** @internal */
  public _newResource(metadata: ApiObjectMetadata | undefined, spec: Json): ApiObject {
    return new Sandbox(this, 'Resource', { metadata, spec });
  }

  /** @internal */
  public override _toSpec(): Json {
    const { suspended, shutdownTime, shutdownPolicy } = this.props;
    return {
      ...super._toSpec(),
      operatingMode: suspended ? SandboxSpecOperatingMode.SUSPENDED : SandboxSpecOperatingMode.RUNNING,
      shutdownTime: shutdownTime && timestamp(shutdownTime),
      shutdownPolicy: shutdownPolicy as unknown as SandboxSpecShutdownPolicy,
    };
  }

  // only templates have a policy of the controller's
  private addNetworkPolicy(rules: Json): void {
    const address = this.podMetadata.getLabel(kplus.Pod.ADDRESS_LABEL) as string;
    new ApiObject(this, 'Network', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      spec: {
        podSelector: { matchLabels: { [kplus.Pod.ADDRESS_LABEL]: address } },
        policyTypes: ['Ingress', 'Egress'],
        ...rules,
      },
    });
  }
}
