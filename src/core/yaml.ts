import { createRequire } from 'node:module';
import { Json } from './json';

/**
 * The `yaml` package. cdk8s bundles it: no second copy is shipped.
 *
 * @internal
 */
export const yaml: Json = createRequire(require.resolve('cdk8s'))('yaml');
