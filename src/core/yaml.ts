import * as library from 'yaml';
import { Json } from './json';

/**
 * The `yaml` package. The build puts it into this file (scripts/bundle.js).
 *
 * @internal
 */
export const yaml: Json = library;
