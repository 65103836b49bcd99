import { PodFacts } from './pod-facts';
import { PodTemplate } from './pod-template';

/**
 * A system pod in one of several manifests.
 *
 * @internal
 */
export interface LocatedPod extends PodTemplate {
  readonly manifest: number;
  readonly facts: PodFacts;
}
