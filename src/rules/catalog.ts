import { appArmor } from './catalog/app-armor';
import { capabilities } from './catalog/capabilities';
import { cgroupMount } from './catalog/cgroup-mount';
import { dataRoot } from './catalog/data-root';
import { devices } from './catalog/devices';
import { dockerWithoutTls } from './catalog/docker-without-tls';
import { engineNonRoot } from './catalog/engine-non-root';
import { engineReadOnlyRoot } from './catalog/engine-read-only-root';
import { hostNamespaces } from './catalog/host-namespaces';
import { hostPath } from './catalog/host-path';
import { hostPorts } from './catalog/host-ports';
import { hostUsers } from './catalog/host-users';
import { idMappedClaims } from './catalog/id-mapped-claims';
import { idMappedMounts } from './catalog/id-mapped-mounts';
import { imageName } from './catalog/image-name';
import { imageTag } from './catalog/image-tag';
import { implicitStorage } from './catalog/implicit-storage';
import { mountPropagation } from './catalog/mount-propagation';
import { nestedUserNamespace } from './catalog/nested-user-namespace';
import { nodeLabel } from './catalog/node-label';
import { privileged } from './catalog/privileged';
import { probeHost } from './catalog/probe-host';
import { procMount } from './catalog/proc-mount';
import { recursiveReadOnly } from './catalog/recursive-read-only';
import { seLinux } from './catalog/se-linux';
import { serviceLinks } from './catalog/service-links';
import { shareProcessNamespace } from './catalog/share-process-namespace';
import { specialDirectoryAccessMode } from './catalog/special-directory-access-mode';
import { specialDirectoryExact } from './catalog/special-directory-exact';
import { specialDirectoryPods } from './catalog/special-directory-pods';
import { specialDirectoryShared } from './catalog/special-directory-shared';
import { sysboxEnv } from './catalog/sysbox-env';
import { sysctls } from './catalog/sysctls';
import { systemdArgv0 } from './catalog/systemd-argv0';
import { systemdRunMount } from './catalog/systemd-run-mount';
import { uidRange } from './catalog/uid-range';
import { unconfined } from './catalog/unconfined';
import { unrecognizedPod } from './catalog/unrecognized-pod';
import { volumeDevices } from './catalog/volume-devices';
import { windows } from './catalog/windows';
import { Rule } from './rule';

/**
 * All rules, beginning with those that keep every pod from starting.
 *
 * @internal
 */
export const RULES: Rule[] = [
  hostUsers,
  privileged,
  hostNamespaces,
  shareProcessNamespace,
  sysboxEnv,
  serviceLinks,
  imageName,
  volumeDevices,
  mountPropagation,
  recursiveReadOnly,
  windows,
  hostPath,
  idMappedMounts,
  idMappedClaims,
  procMount,
  uidRange,
  nodeLabel,
  systemdArgv0,
  systemdRunMount,
  cgroupMount,
  engineNonRoot,
  engineReadOnlyRoot,
  nestedUserNamespace,
  specialDirectoryShared,
  specialDirectoryPods,
  specialDirectoryAccessMode,
  specialDirectoryExact,
  implicitStorage,
  dataRoot,
  dockerWithoutTls,
  hostPorts,
  capabilities,
  sysctls,
  unconfined,
  appArmor,
  seLinux,
  probeHost,
  devices,
  imageTag,
  unrecognizedPod,
];
