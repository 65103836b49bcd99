import { celList, everyContainer, orElse } from '../cel';
import { Json, mapOf, Path } from '../../core/json';
import { Problem, Rule, RuleSeverity } from '../rule';

// container_engine_t since 1.31
const TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

/** @internal */
export const seLinux: Rule = {
  id: 'se-linux',
  severity: RuleSeverity.ERROR,
  reason: 'Pod Security Baseline rejects a custom user, role or type',
  remedy: "Omit 'seLinuxOptions', or use the type container_t",
  source: 'Pod Security Standards, Baseline (the list of 1.31)',
  cel: [celAllowed('variables.spec.securityContext'), everyContainer(celAllowed('c.securityContext'))].join(' && '),
  about: ['securityContext'],
  check: (pod) => [
    ...refused(pod.securityContext.seLinuxOptions, ['securityContext', 'seLinuxOptions'], 'the pod'),
    ...pod.containers.flatMap((c) =>
      refused(
        c.securityContext.seLinuxOptions,
        [...c.at, 'securityContext', 'seLinuxOptions'],
        `container '${c.name}'`,
      ),
    ),
  ],
};

function refused(options: Json, at: Path, who: string): Problem[] {
  const { user, role, type } = mapOf(options);
  const allowed = !user && !role && TYPES.includes(type ?? '');
  return allowed ? [] : [{ at, what: `${who} has custom SELinux options` }];
}

function celAllowed(parent: string): string {
  const option = (name: string) => orElse(`${parent}.seLinuxOptions.${name}`, "''");
  return `${option('type')} in ${celList(TYPES)} && ${option('user')} == '' && ${option('role')} == ''`;
}
