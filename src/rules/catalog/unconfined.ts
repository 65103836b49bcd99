import { appArmorAnnotations, celNoAppArmorAnnotation } from '../app-armor-annotations';
import { everyContainer, orElse } from '../cel';
import { Json, mapOf, Path } from '../../core/json';
import { Problem, Rule, RuleSeverity } from '../rule';

const PROFILES = ['seccompProfile', 'appArmorProfile'];

/** @internal */
export const unconfined: Rule = {
  id: 'unconfined',
  severity: RuleSeverity.ERROR,
  reason: 'Pod Security Baseline rejects it, and Sysbox extends every profile by what a system container needs',
  remedy: "Omit the profile, or use 'type: RuntimeDefault'",
  source:
    'Pod Security Standards, Baseline; sysbox-runc libsysbox/syscont/spec.go (seccomp extended, AppArmor dropped)',
  cel: [
    ...PROFILES.flatMap((profile) => [
      `${orElse(`variables.spec.securityContext.${profile}.type`, "''")} != 'Unconfined'`,
      everyContainer(`${orElse(`c.securityContext.${profile}.type`, "''")} != 'Unconfined'`),
    ]),
    celNoAppArmorAnnotation('unconfined'),
  ].join(' && '),
  about: ['securityContext', 'annotations'],
  check: (pod) => [
    ...PROFILES.flatMap((profile) => [
      ...found(pod.securityContext[profile], ['securityContext', profile], 'the pod', profile),
      ...pod.containers.flatMap((c) =>
        found(c.securityContext[profile], [...c.at, 'securityContext', profile], `container '${c.name}'`, profile),
      ),
    ]),
    ...appArmorAnnotations(pod)
      .filter(({ profile }) => profile === 'unconfined')
      .map(({ container, at }) => ({ at, what: `container '${container}' has the AppArmor profile unconfined` })),
  ],
};

function found(value: Json, at: Path, who: string, profile: string): Problem[] {
  return mapOf(value).type === 'Unconfined' ? [{ at, what: `${who} has ${profile} Unconfined` }] : [];
}
