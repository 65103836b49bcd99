import { everyContainer, orElse } from '../cel';
import { ofContainers, when } from '../problems';
import { CEL_RUNS_ENGINE, engineOf } from '../programs';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const engineReadOnlyRoot: Rule = {
  id: 'engine-read-only-root',
  severity: RuleSeverity.ERROR,
  reason:
    'with a read-only root Sysbox also mounts the cgroup, /proc/sys and its special directories read-only, and neither systemd nor an engine starts so',
  remedy: "Omit 'readOnlyRootFilesystem'",
  source: 'sysbox-runc libsysbox/syscont/spec.go, cfgSyscontMountsReadOnly, cfgSysboxfsMounts',
  cel: everyContainer(`!${orElse('c.securityContext.readOnlyRootFilesystem', 'false')} || !(${CEL_RUNS_ENGINE})`),
  about: ['securityContext'],
  check: (pod) =>
    ofContainers(pod, (c) =>
      when(
        c.securityContext.readOnlyRootFilesystem === true && engineOf(c) !== undefined,
        [...c.at, 'securityContext', 'readOnlyRootFilesystem'],
        `container '${c.name}' runs ${engineOf(c)} on a read-only root`,
      ),
    ),
};
