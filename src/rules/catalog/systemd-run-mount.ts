import { everyContainer } from '../cel';
import { ofMounts, when } from '../problems';
import { Rule } from '../rule';
import { RuleSeverity } from '../severity';

/** @internal */
export const systemdRunMount: Rule = {
  id: 'systemd-run-mount',
  severity: RuleSeverity.ERROR,
  reason: 'in systemd mode Sysbox puts a tmpfs of its own there and removes the mount without a word',
  remedy: 'Mount the volume at a directory below it, or elsewhere',
  source: 'sysbox-runc libsysbox/syscont/spec.go, cfgSystemdMounts',
  cel: everyContainer(
    "c.?command.orValue([]).size() == 0 || c.command[0] != '/sbin/init' || " +
      "c.?volumeMounts.orValue([]).all(m, !m.mountPath.matches('^/run(/lock)?/*$'))",
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
