import * as kplus from 'cdk8s-plus-30';
import { DownwardApiFile } from './downward-api-file';

// source: kubernetes pkg/apis/core/validation, validVolumeDownwardAPIFieldPathExpressions
const FIELD =
  /^metadata\.(name|namespace|uid|labels|annotations|(labels|annotations)\['[A-Za-z0-9][-A-Za-z0-9_./]*'\])$/;

/**
 * The file in cdk8s' property space.
 *
 * @internal
 */
export function toDownwardApiFile(file: DownwardApiFile): kplus.k8s.DownwardApiVolumeFile {
  assertFilePath(file.path, 'downward API file');
  if ((file.field === undefined) === (file.resource === undefined)) {
    throw new Error(`downward API file '${file.path}' needs exactly one of 'field' and 'resource'`);
  }
  if (file.field !== undefined && !FIELD.test(file.field)) {
    throw new Error(
      `downward API file '${file.path}': a volume cannot show '${file.field}'. Use metadata.name, namespace, uid, labels or annotations`,
    );
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

/**
 * A path inside a volume.
 *
 * @internal
 */
export function assertFilePath(path: string, what: string): void {
  if (path === '' || path.startsWith('/') || path.split('/').some((part) => part.startsWith('..'))) {
    throw new Error(`${what} '${path}': the path must be relative and without '..'`);
  }
}
