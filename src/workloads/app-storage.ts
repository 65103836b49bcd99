import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { Storage } from '../rules/storage';

const KINDS = ['PersistentVolumeClaim', 'PersistentVolume', 'StorageClass'];

// an app's synth is one synchronous call: what is found in it holds until it returns
const found = new Map<IConstruct, Storage>();

/**
 * The claims, volumes and storage classes that are defined in the same app.
 *
 * @internal
 */
export function storageOfApp(construct: IConstruct): Storage {
  const { root } = construct.node;
  let storage = found.get(root);
  if (!storage) {
    const objects = root.node
      .findAll()
      .filter((it): it is ApiObject => ApiObject.isApiObject(it) && KINDS.includes((it as ApiObject).kind));
    storage = new Storage(objects.map((object) => object.toJson()));
    found.set(root, storage);
    queueMicrotask(() => found.delete(root));
  }
  return storage;
}
