import { ApiObject } from 'cdk8s';
import * as kplus from 'cdk8s-plus-30';
import { Json } from '../core/json';
import { containerErrors } from './container-errors';
import { withoutPlusDefaults } from './plus-defaults';
import { replaceablePodsOf } from '../rules/find-pods';
import { ruleErrors, toManifestJson } from './pod-rules';
import { sortKeys } from './sort-keys';
import { RenderedOnce } from './rendered-once';
import { restrictedErrors } from './restricted';
import { toQuantities } from '../core/quantities';
import { PodSecurityLevel } from '../runtime/pod-security-level';
import { SystemOptions } from './system-options';
import { PlainPodSpec, toSystemPodSpec } from './system-pod-spec';
import { ManifestChange, SystemSettings } from './system-settings';

/**
 * Renders the pods of one cdk8s-plus workload of the family, and checks them.
 *
 * @internal
 */
export class SystemPods {
  public readonly settings: SystemSettings;
  private readonly rendered: RenderedOnce<PlainPodSpec>;

  public constructor(
    private readonly workload: kplus.AbstractPod,
    private readonly given: kplus.AbstractPodProps & { readonly system?: SystemOptions },
    private readonly ownerSpec: () => Json = () => ({}),
  ) {
    this.settings = SystemSettings._of(
      {
        construct: workload,
        podMetadata: workload.podMetadata,
        kind: workload.kind,
        ownerSpec,
        podLabels: () => this.addressLabels(),
        patch: (change) => patchPods(ApiObject.of(workload), change),
      },
      given.system,
    );
    this.rendered = new RenderedOnce(
      workload,
      () => workload._toPodSpec(),
      (error) => (error instanceof SystemPodError ? error.errors : [(error as Error).message]),
    );
  }

  /** The pod spec of cdk8s-plus as that of a system pod; refused when it breaks a rule. */
  public toPodSpec(plus: () => kplus.k8s.PodSpec): kplus.k8s.PodSpec {
    return this.rendered.take(() => this.render(plus())) as kplus.k8s.PodSpec;
  }

  private render(plus: kplus.k8s.PodSpec): PlainPodSpec {
    const { settings, workload } = this;
    // cdk8s-plus adds the terms of `spread` to the affinity again each time it renders
    if ('spread' in workload) Object.assign(workload, { spread: false });
    const fields = settings._fields(() => this.addressLabels());
    const own = toSystemPodSpec(withoutPlusDefaults(plus, workload, this.given), {
      ...fields,
      overhead: fields.overhead && toQuantities(fields.overhead as Record<string, string>),
    });
    const spec = settings._changes.reduce((changed, change) => change(changed), own);
    const restricted = settings.podSecurity === PodSecurityLevel.RESTRICTED ? restrictedErrors(spec) : [];
    const names = [...containerErrors(spec), ...unknownContainers(Object.keys(fields.containers ?? {}), spec)];
    const errors = [...names, ...this.ruleErrors(spec), ...restricted];
    if (errors.length > 0) throw new SystemPodError(errors);
    return spec;
  }

  private ruleErrors(spec: PlainPodSpec): string[] {
    const { workload, settings, ownerSpec } = this;
    return ruleErrors(workload, workload.metadata.namespace, toManifestJson(spec), settings._acknowledged, {
      annotations: () => workload.podMetadata.toJson()?.annotations,
      kind: workload.kind,
      ownerSpec,
    });
  }

  private addressLabels(): Record<string, string> {
    return { [kplus.Pod.ADDRESS_LABEL]: this.workload.podMetadata.getLabel(kplus.Pod.ADDRESS_LABEL) as string };
  }
}

/**
 * Changes the pods after cdk8s has rendered them. JSON patches are applied before cdk8s-plus drops the fields that it does
 * not know, so this is the only place where a newer field can be added.
 */
function patchPods(object: ApiObject, change: ManifestChange): void {
  const render = object.toJson.bind(object);
  object.toJson = () => {
    const manifest = render();
    for (const { holder, metadata, spec } of replaceablePodsOf(manifest)) {
      Object.assign(holder, sortKeys(change({ metadata, spec })));
    }
    return manifest;
  };
}

/** All that is wrong with the pods of one workload. */
class SystemPodError extends Error {
  public constructor(public readonly errors: string[]) {
    super(errors.join('\n'));
  }
}

function unknownContainers(configured: string[], spec: PlainPodSpec): string[] {
  if (configured.length === 0) return [];
  const names = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((c) => c.name);
  return configured
    .filter((name) => !names.includes(name))
    .map((name) => `system.containers names '${name}', but the pod's containers are: ${names.join(', ')}`);
}
