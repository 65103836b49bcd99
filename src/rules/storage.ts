import { Json, listOf, mapOf, stringsOf, textOf } from '../core/json';
import { filesystemOf, filesystemOfDriver } from './filesystems';

/**
 * What is known of a claim.
 *
 * @internal
 */
export interface Claim {
  readonly accessModes: string[];
  /** The filesystem without id-mapped mounts that it is on, and the object that says so: "NFS (PersistentVolume 'home')". */
  readonly unmappable?: string;
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/**
 * The claims, volumes and storage classes among some objects.
 *
 * @internal
 */
export class Storage {
  private readonly claims = new Map<string, Json>();
  private readonly volumes = new Map<string, Record<string, Json>>();
  /** Names of volumes, by the claim that they are reserved for. */
  private readonly reserved = new Map<string, string>();
  private readonly classes = new Map<string, Record<string, Json>>();
  private defaultClass?: string;

  public constructor(objects: Json[]) {
    for (const object of objects) {
      const { name, namespace, annotations } = mapOf(object.metadata);
      if (object.kind === 'PersistentVolumeClaim') this.claims.set(key(namespace, name), object.spec);
      if (object.kind === 'PersistentVolume') this.addVolume(textOf(name), mapOf(object.spec));
      if (object.kind === 'StorageClass') {
        this.classes.set(textOf(name), object);
        if (mapOf(annotations)[DEFAULT_CLASS] === 'true') this.defaultClass = textOf(name);
      }
    }
  }

  /** A claim by its name; undefined if it is not among the objects and no volume is reserved for it. */
  public claim(namespace: Json, name: Json): Claim | undefined {
    const id = key(namespace, name);
    const spec = this.claims.get(id);
    if (spec === undefined && !this.reserved.has(id)) return undefined;
    return this.claimOf(mapOf(spec), this.reserved.get(id));
  }

  /** The claim that a template creates. */
  public claimFromTemplate(template: Json): Claim {
    return this.claimOf(mapOf(mapOf(template).spec));
  }

  private addVolume(name: string, spec: Record<string, Json>): void {
    this.volumes.set(name, spec);
    const { namespace, name: claim } = mapOf(spec.claimRef);
    if (claim !== undefined) this.reserved.set(key(namespace, claim), name);
  }

  private claimOf(spec: Record<string, Json>, reserved?: string): Claim {
    const accessModes = stringsOf(listOf(spec.accessModes));
    const volumeName = textOf(spec.volumeName) || reserved;
    const volume = volumeName === undefined ? undefined : this.volumes.get(volumeName);
    if (volume) {
      const filesystem = filesystemOf(volume, accessModes);
      return { accessModes, unmappable: filesystem && `${filesystem} (PersistentVolume '${volumeName}')` };
    }
    const className = spec.storageClassName === undefined ? this.defaultClass : textOf(spec.storageClassName);
    const storageClass = className === undefined ? undefined : this.classes.get(className);
    const filesystem = storageClass && filesystemOfDriver(textOf(storageClass.provisioner), accessModes);
    return { accessModes, unmappable: filesystem && `${filesystem} (StorageClass '${className}')` };
  }
}

function key(namespace: Json, name: Json): string {
  return `${textOf(namespace)}/${textOf(name)}`;
}
