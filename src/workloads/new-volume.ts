import * as kplus from 'cdk8s-plus-30';
import { Construct } from 'constructs';
import { assertLabelName } from '../core/names';

/**
 * A cdk8s-plus volume of any kind: its constructor is private to TypeScript only.
 *
 * @internal
 */
export function newVolume(scope: Construct, id: string, name: string, config: Record<string, unknown>): kplus.Volume {
  assertLabelName(name, `${scope.node.path}/${id}: volume`);
  return Reflect.construct(kplus.Volume, [scope, id, name, config]);
}
