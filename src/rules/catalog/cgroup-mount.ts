import { everyMount } from '../cel';
import { ofMounts, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const cgroupMount: Rule = {
  id: 'cgroup-mount',
  severity: RuleSeverity.ERROR,
  reason: 'Sysbox silently drops mounts below /sys/fs/cgroup, and gives the container its own writable cgroup',
  remedy: 'Omit the mount',
  source: 'sysbox-runc libsysbox/syscont/spec.go',
  cel: everyMount("!(m.mountPath + '/').startsWith('/sys/fs/cgroup/')"),
  about: ['volumeMounts'],
  check: (pod) =>
    ofMounts(pod, (m, c) =>
      when(`${m.path}/`.startsWith('/sys/fs/cgroup/'), m.at, `container '${c.name}' mounts a volume at ${m.path}`),
    ),
};
