import { ApiObject } from 'cdk8s';
import { perSynth } from '../core/per-synth';
import { Storage } from '../rules/storage';

const KINDS = ['PersistentVolumeClaim', 'PersistentVolume', 'StorageClass'];

/**
 * The claims, volumes and storage classes that are defined in the same app.
 *
 * @internal
 */
export const storageOfApp = perSynth((root) => {
  const objects = root.node
    .findAll()
    .filter((it): it is ApiObject => ApiObject.isApiObject(it) && KINDS.includes((it as ApiObject).kind));
  return new Storage(objects.map((object) => object.toJson()));
});
