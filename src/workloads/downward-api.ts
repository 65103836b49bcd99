import * as kplus from 'cdk8s-plus-30';
import { DownwardApiFile } from './downward-api-file';

/**
 * The file in cdk8s' property space.
 *
 * @internal
 */
export function toDownwardApiFile(file: DownwardApiFile): kplus.k8s.DownwardApiVolumeFile {
  if (file.path === '' || file.path.startsWith('/') || file.path.split('/').includes('..')) {
    throw new Error(`downward API file '${file.path}': the path must be relative and without '..'`);
  }
  if ((file.field === undefined) === (file.resource === undefined)) {
    throw new Error(`downward API file '${file.path}' needs exactly one of 'field' and 'resource'`);
  }
  if (file.resource !== undefined && file.container === undefined) {
    throw new Error(`downward API file '${file.path}' names a resource of no container. Set 'container'`);
  }
  return {
    path: file.path,
    fieldRef: file.field === undefined ? undefined : { fieldPath: file.field },
    resourceFieldRef:
      file.resource === undefined ? undefined : { resource: file.resource, containerName: file.container },
  };
}
