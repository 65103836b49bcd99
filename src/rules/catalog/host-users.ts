import { Rule, RuleSeverity } from '../rule';

/**
 * CRI-O's annotation alone is not enough: from Kubernetes 1.33 on it is ignored, and no manifest says which version it is for.
 *
 * @internal
 */
export const hostUsers: Rule = {
  id: 'host-users',
  severity: RuleSeverity.ERROR,
  notAcknowledgeable: true,
  reason: 'a RuntimeClass cannot request a user namespace, and Sysbox never starts a pod without one',
  remedy: "Set 'hostUsers: false'",
  source:
    'measured on K3s 1.36 (FailedCreatePodSandBox, ip_unprivileged_port_start); nestybox/sysbox#958, #999, #1019; cri-o/cri-o#10341',
  cel: 'variables.spec.?hostUsers.orValue(true) == false',
  check: (pod) => {
    if (pod.spec.hostUsers === false) return [];
    const what = pod.spec.hostUsers === true ? "'hostUsers' is true" : "'hostUsers' is missing";
    return [{ at: ['hostUsers'], what }];
  },
};
