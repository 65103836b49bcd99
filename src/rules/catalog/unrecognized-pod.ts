import { Rule, RuleSeverity } from '../rule';

/**
 * Found by checkManifests, which knows the RuntimeClasses and the whole object.
 *
 * @internal
 */
export const unrecognizedPod: Rule = {
  id: 'unrecognized-pod',
  severity: RuleSeverity.WARNING,
  reason: 'no pod spec was recognized there, so the rules were not applied to the pods that use it',
  remedy:
    "Check the rendered pods: 'helm template … | cdk8s-sysbox check -' or 'kubectl get pods -o yaml | cdk8s-sysbox check -'",
  source: 'src/rules/find-pods.ts and custom-pods.ts list the recognized forms',
  about: [],
  check: () => [],
};
