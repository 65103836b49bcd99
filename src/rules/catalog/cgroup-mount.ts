import { everyMount } from '../cel';
import { ofMounts, when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

/** @internal */
export const cgroupMount: Rule = {
  id: 'cgroup-mount',
  severity: RuleSeverity.ERROR,
  reason: 'Sysbox drops mounts there without a word, and gives the container a writable cgroup of its own',
  remedy: 'Leave the mount out',
  source: 'sysbox-runc libsysbox/syscont/spec.go',
  cel: everyMount("!(m.mountPath + '/').startsWith('/sys/fs/cgroup/')"),
  about: ['volumeMounts'],
  check: (pod) =>
    ofMounts(pod, (m, c) =>
      when(`${m.path}/`.startsWith('/sys/fs/cgroup/'), m.at, `container '${c.name}' mounts a volume at ${m.path}`),
    ),
};
