import { IConstruct } from 'constructs';
import { acknowledgedIn } from '../rules/acknowledgements';
import { WarningMode, warningMode, warnings } from '../core/warnings';
import { RULES } from '../rules/catalog';
import { checkPod, isBlocking, messageOf, Violation } from '../rules/check-pod';
import { Json } from '../core/json';
import { PodContext, PodFacts } from '../rules/pod-facts';
import { storageOfApp } from './app-storage';
import { ClaimRegistry } from './claim-registry';
import { PlainPodSpec } from './system-pod-spec';

/**
 * Errors of a pod spec that is rendered by a construct. Warnings are printed, unless their mode is another.
 *
 * @internal
 */
export function ruleErrors(
  construct: IConstruct,
  namespace: string | undefined,
  spec: Json,
  { _acknowledged: acknowledged = {}, _warnings }: RuleSettings,
  context: Omit<PodContext, 'claim' | 'claimFromTemplate'>,
): string[] {
  const { annotations, kind, ownerSpec, idsPerPod } = context;
  const pod = new PodFacts(spec, {
    annotations,
    kind,
    ownerSpec,
    idsPerPod,
    claim: (claimName) => storageOfApp(construct).claim(namespace, claimName),
    claimFromTemplate: (template) => storageOfApp(construct).claimFromTemplate(template),
  });
  const shared = ClaimRegistry.enter(construct, namespace, pod);
  const own = checkPod(pod, acknowledged);
  if (own.length + shared.length === 0) return [];
  const mode = warningMode(_warnings);
  const open = [...own, ...shared.map((v) => ({ ...v, acknowledged: acknowledged[v.rule.id] }))].filter(
    (violation) => isBlocking(violation) || (mode !== WarningMode.OFF && violation.acknowledged === undefined),
  );
  if (open.length === 0) return [];
  // annotations that somebody wrote by hand count as well; they are read only when it matters
  const byHand = acknowledgedIn(context.annotations());
  const found = open.filter(({ rule }: Violation) => rule.notAcknowledgeable || byHand[rule.id] === undefined);
  const rest = found.filter((violation) => !isBlocking(violation));
  return [...found.filter(isBlocking).map(messageOf), ...warnings(construct, rest.map(messageOf), mode)];
}

/**
 * What a workload says about the rules.
 *
 * @internal
 */
export interface RuleSettings {
  readonly _acknowledged?: Record<string, string>;
  readonly _warnings?: WarningMode;
}

/**
 * Refuses to acknowledge what cannot be.
 *
 * @internal
 */
export function assertAcknowledgement(id: string, reason: string, where: string): void {
  const rule = RULES.find((r) => r.id === id);
  if (!rule) {
    const ids = RULES.filter((r) => !r.notAcknowledgeable).map((r) => r.id);
    throw new Error(`${where}: there is no rule '${id}' to acknowledge. The rules are: ${ids.join(', ')}`);
  }
  if (rule.notAcknowledgeable)
    throw new Error(`${where}: rule '${id}' cannot be acknowledged: ${rule.reason}. ${rule.remedy}`);
  if (reason.trim() === '') throw new Error(`${where}: rule '${id}' is acknowledged without a reason. Give one`);
}

/**
 * The fields that cdk8s spells differently from a manifest, as far as a rule reads them.
 *
 * @internal
 */
export function toManifestJson(spec: PlainPodSpec): Json {
  if (spec.hostPid === undefined && spec.hostIpc === undefined) return spec;
  return { ...spec, hostPID: spec.hostPid, hostIPC: spec.hostIpc };
}
