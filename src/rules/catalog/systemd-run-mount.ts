import { everyContainer } from '../cel';
import { ofMounts, when } from '../problems';
import { CEL_ARGV0 } from '../programs';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const systemdRunMount: Rule = {
  id: 'systemd-run-mount',
  severity: RuleSeverity.ERROR,
  reason: 'for systemd Sysbox mounts its own tmpfs there and silently removes the volume',
  remedy: 'Mount the volume at a directory below it, or elsewhere',
  source: 'sysbox-runc libsysbox/syscont/spec.go, cfgSystemdMounts',
  cel: everyContainer(
    `${CEL_ARGV0} != '/sbin/init' || ` + "c.?volumeMounts.orValue([]).all(m, !m.mountPath.matches('^/run(/lock)?/*$'))",
  ),
  about: ['volumeMounts'],
  check: (pod) =>
    ofMounts(pod, (m, c) =>
      when(
        c.systemdMode && /^\/run(\/lock)?$/.test(m.path),
        m.at,
        `container '${c.name}', a systemd machine, mounts a volume at ${m.path}`,
      ),
    ),
};
