import { appArmor } from './catalog/app-armor';
import { capabilities } from './catalog/capabilities';
import { cgroupMount } from './catalog/cgroup-mount';
import { dataRoot } from './catalog/data-root';
import { dockerWithoutTls } from './catalog/docker-without-tls';
import { engineNonRoot } from './catalog/engine-non-root';
import { hostNamespaces } from './catalog/host-namespaces';
import { hostPath } from './catalog/host-path';
import { hostPorts } from './catalog/host-ports';
import { hostUsers } from './catalog/host-users';
import { imageTag } from './catalog/image-tag';
import { implicitStorage } from './catalog/implicit-storage';
import { nestedUserNamespace } from './catalog/nested-user-namespace';
import { nfs } from './catalog/nfs';
import { nodeLabel } from './catalog/node-label';
import { privileged } from './catalog/privileged';
import { probeHost } from './catalog/probe-host';
import { procMount } from './catalog/proc-mount';
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
import { volumeDevices } from './catalog/volume-devices';
import { Rule } from './rule';

/**
 * All rules: first those without which no pod starts.
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
  volumeDevices,
  hostPath,
  nfs,
  procMount,
  uidRange,
  nodeLabel,
  systemdArgv0,
  systemdRunMount,
  cgroupMount,
  engineNonRoot,
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
  imageTag,
];
