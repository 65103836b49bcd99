import { ApiObjectMetadata } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { SystemOptions, VolumeClaimTemplate } from '../workloads';
import { AgentNetworkOptions } from './agent-network';

/** What sandboxes are made from: the props of a cdk8s-plus pod, claims, and the network. */
export interface AgentSandboxTemplateProps extends kplus.AbstractPodProps {
  /**
   * Metadata of the pods. Refused: keys below agents.x-k8s.io, which the controller sets.
   *
   * @default - the label by which cdk8s-plus finds them
   */
  readonly podMetadata?: ApiObjectMetadata;

  /**
   * Claims, one of each for every sandbox. They survive a suspension, and are deleted with the sandbox.
   *
   * @default - none: a suspended sandbox loses its data
   */
  readonly volumeClaimTemplates?: VolumeClaimTemplate[];

  /**
   * A headless Service for each sandbox, with the sandbox's name.
   *
   * @default false
   */
  readonly service?: boolean;

  /**
   * Who can reach the sandboxes, and what they can reach.
   *
   * @default - reached by agent-sandbox's router only; they reach DNS and the internet, and nothing in the cluster
   */
  readonly network?: AgentNetworkOptions;

  /**
   * Settings of the pods beyond cdk8s-plus, as for any system workload. `podSecurity` is RESTRICTED by default, under which
   * setuid programs such as sudo gain no rights; what needs them takes `PodSecurityLevel.BASELINE`. Pod Security admits root in a
   * user namespace at this level from Kubernetes 1.35.
   *
   * @default - they run under RuntimeClass "sysbox-runc" on containerd, with PodSecurityLevel.RESTRICTED
   */
  readonly system?: SystemOptions;
}
