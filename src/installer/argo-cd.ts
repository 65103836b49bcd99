import { ApiObject } from 'cdk8s';
import { Construct, IConstruct } from 'constructs';
import { SysboxRuntimeClass } from '../runtime/runtime-class';
import { SysboxInstaller } from './sysbox-installer';

const WAVE = 'argocd.argoproj.io/sync-wave';

/**
 * Settings for Argo CD in the manifests.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { ArgoCd, SysboxRuntime } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'platform');
 * new SysboxRuntime(chart, 'sysbox');
 * ArgoCd.addSyncWaves(chart);
 * app.synth();
 */
export class ArgoCd {
  /**
   * Annotates all objects under a construct with sync waves: namespaces -3, admission policies -2, the runtime -1. Without them,
   * Argo CD applies kinds that it does not know, such as admission policies, after the DaemonSet (gitops-engine,
   * pkg/sync/sync_tasks.go). Workloads stay in wave 0, and an object that has a wave already keeps it.
   *
   * @param scope a chart, or a construct in it; call it after the constructs are made
   */
  public static addSyncWaves(scope: Construct): void {
    for (const object of scope.node.findAll()) {
      if (!ApiObject.isApiObject(object)) continue;
      const wave = waveOf(object);
      const { annotations } = object.metadata.toJson() ?? {};
      if (wave !== undefined && annotations?.[WAVE] === undefined) object.metadata.addAnnotation(WAVE, wave);
    }
  }

  private constructor() {}
}

function waveOf(object: ApiObject): string | undefined {
  if (object.kind === 'Namespace') return '-3';
  if (object.kind.startsWith('ValidatingAdmissionPolicy')) return '-2';
  return isOfTheRuntime(object) ? '-1' : undefined;
}

function isOfTheRuntime(object: IConstruct): boolean {
  return object.node.scopes.some((scope) => scope instanceof SysboxRuntimeClass || scope instanceof SysboxInstaller);
}
