import { everyContainer } from '../cel';
import { mapOf, textOf } from '../../core/json';
import { Rule, RuleSeverity } from '../rule';

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const HOOKS = ['postStart', 'preStop'];
const ACTIONS = ['httpGet', 'tcpSocket'];

/** @internal */
export const probeHost: Rule = {
  id: 'probe-host',
  severity: RuleSeverity.ERROR,
  reason:
    'the kubelet would send the probe from the node to any address, and Pod Security Baseline rejects it from 1.34 on',
  remedy: "Omit 'host', so that the pod itself is probed, or use an exec probe",
  source: 'Pod Security Standards, Baseline, host probes and lifecycle hooks',
  cel: everyContainer(
    [
      ...PROBES.flatMap((probe) => ACTIONS.map((action) => `c.?${probe}.?${action}`)),
      ...HOOKS.flatMap((hook) => ACTIONS.map((action) => `c.?lifecycle.?${hook}.?${action}`)),
    ]
      .map((action) => `${action}.?host.orValue('') == ''`)
      .join(' && '),
  ),
  about: ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'],
  check: (pod) =>
    pod.containers.flatMap((c) =>
      [...PROBES.map((probe) => [probe]), ...HOOKS.map((hook) => ['lifecycle', hook])].flatMap((parent) =>
        ACTIONS.flatMap((action) => {
          const holder = parent.reduce((json, key) => mapOf(json[key]), c.json);
          const { host } = mapOf(holder[action]);
          if ((host ?? '') === '') return [];
          return [
            {
              at: [...c.at, ...parent, action, 'host'],
              what: `container '${c.name}' probes the host '${textOf(host)}'`,
            },
          ];
        }),
      ),
    ),
};
