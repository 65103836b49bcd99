import { everyMount } from '../cel';
import { ofMounts, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';

/** @internal */
export const recursiveReadOnly: Rule = {
  id: 'recursive-read-only',
  severity: RuleSeverity.ERROR,
  notAcknowledgeable: true,
  reason:
    'the handler of Sysbox reports recursiveReadOnlyMounts false, and the kubelet then never starts the container',
  remedy: "Use 'recursiveReadOnly: IfPossible', or omit it",
  source:
    'measured on K3s 1.36 (node.status.runtimeHandlers); kubernetes pkg/kubelet/kubelet_pods.go, resolveRecursiveReadOnly',
  cel: everyMount("m.?recursiveReadOnly.orValue('') != 'Enabled'"),
  about: ['volumeMounts'],
  check: (pod) =>
    ofMounts(pod, (m, c) =>
      when(
        m.json.recursiveReadOnly === 'Enabled',
        [...m.at, 'recursiveReadOnly'],
        `container '${c.name}' mounts '${m.volume}' with recursiveReadOnly Enabled`,
      ),
    ),
};
