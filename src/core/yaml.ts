import { Json } from './json';

/**
 * The `yaml` package, loaded when it is first asked for: few apps parse YAML. The build puts it into this file
 * (scripts/bundle.js).
 *
 * @internal
 */
export function yaml(): Json {
  return require('yaml');
}
