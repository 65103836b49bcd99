import { mapOf, textOf } from '../../core/json';
import { concurrentPods } from '../concurrent-pods';
import { ofMounts, when } from '../problems';
import { Rule, RuleSeverity } from '../rule';
import { isSpecialDirectory } from '../special-directories';

/** @internal */
export const specialDirectoryPods: Rule = {
  id: 'special-directory-pods',
  severity: RuleSeverity.ERROR,
  reason:
    'several pods would use one claim as the data directory of an engine, and two engines that write to it corrupt it',
  remedy:
    'Use a StatefulSet with volumeClaimTemplates or an ephemeral claim; for one pod, a Deployment with the strategy Recreate',
  source: 'sysbox docs/user-guide/dind.md; sysbox-mgr prepMounts',
  about: ['volumeMounts'],
  check: (pod) =>
    ofMounts(pod, (m, c) => {
      if (!isSpecialDirectory(m.path) || m.json.subPathExpr) return undefined;
      const volume = pod.volumes.find((v) => v.name === m.volume);
      const { claimName } = mapOf(volume?.json.persistentVolumeClaim);
      if (claimName === undefined) return undefined;
      return when(
        concurrentPods(pod.context.kind, pod.context.ownerSpec()) > 1,
        m.at,
        `container '${c.name}' mounts the claim '${textOf(claimName)}' at ${m.path}, and several such pods can run concurrently`,
      );
    }),
};
