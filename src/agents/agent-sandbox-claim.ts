import { ApiObject, ApiObjectMetadata, Duration } from 'cdk8s';
import { claimNames } from '../core/unique-names';
import { Construct } from 'constructs';
import { SandboxClaim } from '../../imports/extensions.agents.x-k8s.io';
import { AgentSandboxWarmPool } from './agent-sandbox-warm-pool';
import { AgentShutdownPolicy, timestamp } from './agent-shutdown-policy';

/** A claim for a sandbox of a pool. */
export interface AgentSandboxClaimProps {
  /** The pool. A sandbox of it is adopted, or one is started when none is ready. */
  readonly pool: AgentSandboxWarmPool;

  /**
   * Labels and annotations of the sandbox's pod, in addition to the template's. Labels need a domain that the controller allows, by
   * default "sandbox.users.io". Refused: labels without a domain, and annotations of Kubernetes' own domains.
   *
   * @default - none
   */
  readonly podMetadata?: ApiObjectMetadata;

  /**
   * When the claim expires: its sandbox is deleted then.
   *
   * @default - never
   */
  readonly shutdownTime?: Date;

  /**
   * How long a claim is kept after its sandbox's pod has ended.
   *
   * @default - not deleted
   */
  readonly ttlAfterFinished?: Duration;

  /**
   * What becomes of the claim when it expires.
   *
   * @default - it is kept, and says that it expired
   */
  readonly shutdownPolicy?: AgentShutdownPolicy;

  /**
   * Metadata of the claim.
   *
   * @default - a name made from the construct's path
   */
  readonly metadata?: ApiObjectMetadata;
}

/**
 * A claim for a sandbox of a warm pool: a SandboxClaim of agent-sandbox. The name of its sandbox is in `status.sandbox.name`.
 *
 * @example
 * import { App, Chart, Duration } from 'cdk8s';
 * import { AgentSandboxClaim, AgentSandboxTemplate, AgentSandboxWarmPool } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'agents', { namespace: 'agents' });
 * const template = new AgentSandboxTemplate(chart, 'Template', {
 *   containers: [{ name: 'agent', image: 'registry.example.org/agent:1.4.0' }],
 * });
 * const pool = new AgentSandboxWarmPool(chart, 'Pool', { template });
 * new AgentSandboxClaim(chart, 'Claim', { pool, ttlAfterFinished: Duration.hours(1) });
 * app.synth();
 */
export class AgentSandboxClaim extends Construct {
  /** Its name. */
  public readonly name: string;

  constructor(scope: Construct, id: string, props: AgentSandboxClaimProps) {
    super(scope, id);
    const { pool, metadata, podMetadata, shutdownTime, ttlAfterFinished, shutdownPolicy } = props;
    if (shutdownPolicy !== undefined && shutdownTime === undefined && ttlAfterFinished === undefined) {
      throw new Error(
        `${this.node.path}: shutdownPolicy has no effect without shutdownTime or ttlAfterFinished. Give one of them, or leave the policy out`,
      );
    }
    assertPodMetadata(podMetadata ?? {}, this.node.path);
    const lifecycle = {
      shutdownTime: shutdownTime && timestamp(shutdownTime),
      ttlSecondsAfterFinished: ttlAfterFinished?.toSeconds(),
      shutdownPolicy,
    };
    const resource: ApiObject = new SandboxClaim(this, 'Resource', {
      metadata,
      spec: {
        warmPoolRef: { name: pool.name },
        lifecycle: Object.values(lifecycle).some((value) => value !== undefined) ? lifecycle : undefined,
        additionalPodMetadata: podMetadata && { labels: podMetadata.labels, annotations: podMetadata.annotations },
      },
    });
    this.name = resource.name;
    claimNames(this);
  }
}

const RESTRICTED_DOMAINS = ['kubernetes.io', 'k8s.io', 'agents.x-k8s.io'];
const EXEMPTED = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

/** Source: agent-sandbox extensions/controllers/sandboxclaim_controller.go, validateAdditionalPodMetadata. */
function assertPodMetadata({ labels = {}, annotations = {} }: ApiObjectMetadata, where: string): void {
  const bare = Object.keys(labels).find((key) => !key.includes('/'));
  if (bare !== undefined) {
    throw new Error(
      `${where}: podMetadata has the label '${bare}', and agent-sandbox takes labels with a domain only. Write 'sandbox.users.io/${bare}'`,
    );
  }
  const restricted = Object.keys(annotations).find((key) => key !== EXEMPTED && isRestricted(key.split('/')[0] ?? ''));
  if (restricted !== undefined) {
    throw new Error(
      `${where}: podMetadata has the annotation '${restricted}', which agent-sandbox refuses. Leave it out`,
    );
  }
}

function isRestricted(domain: string): boolean {
  return RESTRICTED_DOMAINS.some((it) => domain === it || domain.endsWith(`.${it}`));
}
