import { everyMount } from '../cel';
import { ofMounts, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const mountPropagation: Rule = {
  id: 'mount-propagation',
  severity: RuleSeverity.ERROR,
  notAcknowledgeable: true,
  reason:
    'mounts in a user namespace do not propagate to the node, and the API server allows Bidirectional to privileged containers only',
  remedy: "Use 'mountPropagation: HostToContainer' or omit it, and mount in the container that needs the files",
  source: 'kubernetes pkg/apis/core/validation, validateMountPropagation; mount_namespaces(7); nestybox/sysbox#661',
  cel: everyMount("m.?mountPropagation.orValue('') != 'Bidirectional'"),
  about: ['volumeMounts'],
  check: (pod) =>
    ofMounts(pod, (m, c) =>
      when(
        m.json.mountPropagation === 'Bidirectional',
        [...m.at, 'mountPropagation'],
        `container '${c.name}' mounts '${m.volume}' with mountPropagation Bidirectional`,
      ),
    ),
};
