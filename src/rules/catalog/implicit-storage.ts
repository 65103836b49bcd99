import { celWritesTo, dataDirectories } from '../programs';
import { everyContainer } from '../cel';
import { Rule, RuleSeverity } from '../rule';
import { SPECIAL_DIRECTORIES } from '../special-directories';

/** @internal */
export const implicitStorage: Rule = {
  id: 'implicit-storage',
  severity: RuleSeverity.WARNING,
  reason:
    "Sysbox stores that data in /var/lib/sysbox of the node: it counts towards no limit of the pod, can fill the node's disk, and is deleted with the container",
  remedy: 'Mount an emptyDir with a sizeLimit, or a claim, at exactly that directory',
  source: 'measured on K3s 1.36 with Sysbox 0.7.1; sysbox docs/user-guide/configuration.md, Data Store',
  cel: everyContainer(
    Object.values(SPECIAL_DIRECTORIES)
      .map(
        (path) =>
          `(!(${celWritesTo(path)}) || c.?volumeMounts.orValue([]).exists(m, m.mountPath == '${path}' || m.mountPath == '${path}/'))`,
      )
      .join(' && '),
  ),
  check: (pod) =>
    pod.containers.flatMap((c) =>
      dataDirectories(c)
        .filter((directory) => !c.mounts.some((m) => m.path === directory))
        .map((directory) => ({
          at: c.at,
          what: `container '${c.name}' writes to ${directory} and mounts no volume there`,
        })),
    ),
};
