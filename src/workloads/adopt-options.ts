import { IConstruct } from 'constructs';
import { SystemOptions } from './system-options';

/** How an existing workload becomes a system workload. */
export interface AdoptOptions extends SystemOptions {
  /**
   * Remove what cdk8s-plus renders by default and what keeps a system container from starting: `runAsNonRoot`,
   * `readOnlyRootFilesystem`, `allowPrivilegeEscalation: false`, and requests of exactly 1 CPU and 512 MiB. A value that the app
   * set itself to exactly that is removed as well, since the two cannot be distinguished.
   *
   * @default false: the workload ran with them before, and the diff stays small
   */
  readonly removeCdk8sPlusDefaults?: boolean;
}

/** How the workloads of a subtree become system workloads. */
export interface AdoptAllOptions extends AdoptOptions {
  /**
   * Constructs whose workloads stay as they are.
   *
   * @default - none
   */
  readonly exclude?: IConstruct[];
}
