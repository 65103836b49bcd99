import { everyContainer } from '../cel';
import { CEL_DATA_IS_MOUNTED, dataDirectories } from '../programs';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const implicitStorage: Rule = {
  id: 'implicit-storage',
  severity: RuleSeverity.WARNING,
  reason:
    "without a volume the data lies in /var/lib/sysbox of the node, where it counts towards no limit of the pod and can fill the disk (podman's: on the overlay of the container, which it cannot use for layers), and is deleted with the container",
  remedy: 'Mount an emptyDir with a sizeLimit, or a claim, at exactly that directory',
  source:
    'measured on K3s 1.36 with Sysbox 0.7.1; sysbox docs/user-guide/configuration.md, Data Store; containers/storage#2265',
  cel: everyContainer(CEL_DATA_IS_MOUNTED),
  check: (pod) =>
    pod.containers.flatMap((c) =>
      dataDirectories(c)
        .filter((paths) => !c.mounts.some((m) => paths.includes(m.path)))
        .map(([directory]) => ({
          at: c.at,
          what: `container '${c.name}' writes to ${directory} and mounts no volume there`,
        })),
    ),
};
