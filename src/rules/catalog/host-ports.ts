import { everyContainer } from '../cel';
import { listOf, mapOf } from '../../core/json';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const hostPorts: Rule = {
  id: 'host-ports',
  severity: RuleSeverity.ERROR,
  reason: 'Pod Security Baseline rejects host ports',
  remedy: "Omit 'hostPort' and use a Service (NodePort or LoadBalancer)",
  source: 'Pod Security Standards, Baseline',
  cel: everyContainer('c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)'),
  about: ['ports'],
  check: (pod) =>
    pod.containers.flatMap((c) =>
      listOf(c.json.ports).flatMap((port, i) =>
        (mapOf(port).hostPort ?? 0) !== 0
          ? [{ at: [...c.at, 'ports', i, 'hostPort'], what: `container '${c.name}' uses a host port` }]
          : [],
      ),
    ),
};
