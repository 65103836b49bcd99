import { appArmorAnnotations, celNoAppArmorAnnotation } from '../app-armor-annotations';
import { everyContainer, orElse } from '../cel';
import { Json, mapOf, Path } from '../../core/json';
import { Problem, Rule, RuleSeverity } from '../rule';

/** @internal */
export const appArmor: Rule = {
  id: 'app-armor',
  severity: RuleSeverity.WARNING,
  reason: 'Sysbox discards AppArmor profiles: the user namespace confines the container',
  remedy: "Omit 'appArmorProfile', and do not rely on it",
  source: 'sysbox-runc libsysbox/syscont/spec.go',
  cel: [
    `${orElse('variables.spec.securityContext.appArmorProfile.type', "''")} != 'Localhost'`,
    everyContainer(`${orElse('c.securityContext.appArmorProfile.type', "''")} != 'Localhost'`),
    celNoAppArmorAnnotation('localhost/'),
  ].join(' && '),
  about: ['securityContext', 'annotations'],
  check: (pod) => [
    ...found(pod.securityContext.appArmorProfile, ['securityContext', 'appArmorProfile'], 'the pod'),
    ...pod.containers.flatMap((c) =>
      found(
        c.securityContext.appArmorProfile,
        [...c.at, 'securityContext', 'appArmorProfile'],
        `container '${c.name}'`,
      ),
    ),
    ...appArmorAnnotations(pod)
      .filter(({ profile }) => profile.startsWith('localhost/'))
      .map(({ container, at }) => ({ at, what: `container '${container}' has an AppArmor profile` })),
  ],
};

function found(value: Json, at: Path, who: string): Problem[] {
  return mapOf(value).type === 'Localhost' ? [{ at, what: `${who} has an AppArmor profile` }] : [];
}
