import { isObject, Json, listOf, mapOf, Path, stringsOf, textOf } from '../core/json';
import { DEFAULT_IDS_PER_POD } from '../core/ids-per-pod';
import { Claim } from './storage';

/**
 * A container of any of the three lists.
 *
 * @internal
 */
export interface ContainerFacts {
  readonly json: Record<string, Json>;
  readonly at: Path;
  readonly name: string;
  readonly securityContext: Record<string, Json>;
  readonly command: string[];
  /** Command and arguments. */
  readonly words: string[];
  /** The first word, as far as the manifest says it: without a command, an entry point of the image would come before it. */
  readonly argv0?: string;
  readonly mounts: MountFacts[];
  /** Whether it runs at the same time as the others: an init container does only as a sidecar. */
  readonly concurrent: boolean;
  /** Whether sysbox-runc sets it up for systemd. */
  readonly systemdMode: boolean;
}

/** @internal */
export interface MountFacts {
  readonly at: Path;
  readonly path: string;
  readonly volume: string;
  /** The part of the volume that is mounted. */
  readonly part: string;
  readonly json: Record<string, Json>;
}

/** @internal */
export interface VolumeFacts {
  readonly at: Path;
  readonly name: string;
  readonly json: Record<string, Json>;
}

/**
 * The surroundings of a pod, evaluated only for rules that need them.
 *
 * @internal
 */
export interface PodContext {
  /** Annotations of the pod. */
  readonly annotations: () => Json;
  /** Kind of the object that the pod is of. */
  readonly kind: string;
  /** Spec of that object. */
  readonly ownerSpec: () => Json;
  /** A claim in the pod's namespace; undefined if it is unknown. */
  readonly claim: (claimName: string) => Claim | undefined;
  /** The claim that a template creates. */
  readonly claimFromTemplate: (template: Json) => Claim;
  /** Ids in the user namespace of the pod; 65536 unless the kubelet's configuration says otherwise. */
  readonly idsPerPod?: number;
}

const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'];

/**
 * A pod, parsed once for all rules.
 *
 * @internal
 */
export class PodFacts {
  public readonly spec: Record<string, Json>;
  /** Names of the fields that the pod or one of its containers has, and `annotations` for a pod with annotations. */
  public readonly fields: Record<string, true> = {};
  public readonly annotations: Record<string, Json>;
  public readonly containers: ContainerFacts[];
  public readonly volumes: VolumeFacts[];

  public constructor(
    spec: Json,
    public readonly context: PodContext,
  ) {
    this.spec = mapOf(spec);
    this.containers = CONTAINER_LISTS.flatMap((list) =>
      listOf(this.spec[list]).map((container, i) => containerFacts(container, [list, i])),
    );
    this.annotations = mapOf(context.annotations());
    if (Object.keys(this.annotations).length > 0) this.fields.annotations = true;
    note(this.spec, this.fields);
    for (const { json } of this.containers) note(json, this.fields);
    this.volumes = listOf(this.spec.volumes).map((volume, i) => ({
      at: ['volumes', i],
      name: textOf(mapOf(volume).name),
      json: mapOf(volume),
    }));
  }

  public get securityContext(): Record<string, Json> {
    return mapOf(this.spec.securityContext);
  }

  public get idsPerPod(): number {
    return this.context.idsPerPod ?? DEFAULT_IDS_PER_POD;
  }
}

function note(json: Record<string, Json>, fields: Record<string, true>): void {
  for (const field in json) {
    const value = json[field];
    if (value !== undefined && value !== null && value !== false) fields[field] = true;
  }
}

function containerFacts(container: Json, at: Path): ContainerFacts {
  const json = mapOf(container);
  const command = stringsOf(json.command);
  const words = [...command, ...stringsOf(json.args)];
  return {
    json,
    at,
    name: textOf(json.name),
    securityContext: mapOf(json.securityContext),
    command,
    words,
    argv0: words[0],
    mounts: listOf(json.volumeMounts).map((mount, i) => mountFacts(mount, [...at, 'volumeMounts', i])),
    concurrent: at[0] !== 'initContainers' || json.restartPolicy === 'Always',
    systemdMode: words[0] === '/sbin/init',
  };
}

function mountFacts(mount: Json, at: Path): MountFacts {
  const json = mapOf(mount);
  const path = typeof json.mountPath === 'string' ? json.mountPath : '';
  return {
    at,
    path: path.length > 1 ? path.replace(/\/+$/, '') : path,
    volume: textOf(json.name),
    part: textOf(json.subPath ?? json.subPathExpr),
    json,
  };
}

/**
 * True if a field is neither absent nor null.
 *
 * @internal
 */
export function has(json: Json, field: string): boolean {
  return isObject(json) && json[field] !== undefined && json[field] !== null;
}
