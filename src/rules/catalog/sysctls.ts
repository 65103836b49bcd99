import { celList } from '../cel';
import { listOf, mapOf, textOf } from '../../core/json';
import { Rule, RuleSeverity } from '../rule';

const SAFE = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
];

/** @internal */
export const sysctls: Rule = {
  id: 'sysctls',
  severity: RuleSeverity.ERROR,
  reason: 'Pod Security Baseline and the kubelet reject sysctls that are not on the safe list',
  remedy: 'Set it in the container: Sysbox gives root there its own /proc/sys',
  source: 'Pod Security Standards, Baseline (the list of 1.32)',
  cel: `variables.spec.?securityContext.?sysctls.orValue([]).all(s, s.name in ${celList(SAFE)})`,
  about: ['securityContext'],
  check: (pod) =>
    listOf(pod.securityContext.sysctls).flatMap((sysctl, i) => {
      const { name } = mapOf(sysctl);
      if (SAFE.includes(name)) return [];
      return [{ at: ['securityContext', 'sysctls', i], what: `the pod sets the sysctl ${textOf(name)}` }];
    }),
};
