import { SysboxRuntime } from '../../src';
import { KubeObject } from '../cluster/client';
import { only, synth } from '../support/synth';

/** The installer's manifests, as the constructs print them now (dist/ is the same, committed). */
export const manifests: KubeObject[] = synth((chart) => new SysboxRuntime(chart, 'sysbox'));

export const manifestText = manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n');

export const daemonSet = only(manifests, 'DaemonSet') as KubeObject;

/** The settings of the product. */
export const productSettings: Record<string, string> = manifests.find(({ metadata }) =>
  metadata.name.startsWith('sysbox-installer-settings-'),
)?.data;
