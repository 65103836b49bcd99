import { CRIO_USERNS_ANNOTATION } from '../../core/crio';
import { textOf } from '../../core/json';
import { celString } from '../cel';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const hostUsers: Rule = {
  id: 'host-users',
  severity: RuleSeverity.ERROR,
  notAcknowledgeable: true,
  reason: 'a RuntimeClass cannot request a user namespace, and Sysbox never starts a pod without one',
  remedy: `Set 'hostUsers: false' (with CRI-O, the annotation '${CRIO_USERNS_ANNOTATION}: auto:size=65536')`,
  source: 'measured on K3s 1.36 (FailedCreatePodSandBox, ip_unprivileged_port_start); nestybox/sysbox#958, #999',
  cel:
    'variables.spec.?hostUsers.orValue(true) == false || ' +
    `variables.metadata.?annotations[?${celString(CRIO_USERNS_ANNOTATION)}].orValue('').startsWith('auto')`,
  check: (pod) => {
    if (pod.spec.hostUsers === false) return [];
    // asked for last, as it costs the most
    if (textOf(pod.annotations[CRIO_USERNS_ANNOTATION]).startsWith('auto')) return [];
    const what = pod.spec.hostUsers === true ? "'hostUsers' is true" : "'hostUsers' is missing";
    return [{ at: ['hostUsers'], what }];
  },
};
