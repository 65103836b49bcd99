import { textOf } from '../json';
import { celString } from '../cel';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

const CRIO_ANNOTATION = 'io.kubernetes.cri-o.userns-mode';

/** @internal */
export const hostUsers: Rule = {
  id: 'host-users',
  severity: RuleSeverity.ERROR,
  final: true,
  reason: 'a RuntimeClass cannot ask for a user namespace, and without one the sandbox is never created',
  remedy: `Set 'hostUsers: false' (with CRI-O, the annotation '${CRIO_ANNOTATION}: auto:size=65536')`,
  source: 'measured on K3s 1.36 (FailedCreatePodSandBox, ip_unprivileged_port_start); nestybox/sysbox#958, #999',
  cel:
    'variables.spec.?hostUsers.orValue(true) == false || ' +
    `variables.metadata.?annotations[?${celString(CRIO_ANNOTATION)}].orValue('').startsWith('auto')`,
  check: (pod) => {
    if (pod.spec.hostUsers === false) return [];
    // asked for last, as it costs the most
    if (textOf(pod.annotations[CRIO_ANNOTATION]).startsWith('auto')) return [];
    const what = pod.spec.hostUsers === true ? "'hostUsers' is true" : "'hostUsers' is missing";
    return [{ at: ['hostUsers'], what }];
  },
};
