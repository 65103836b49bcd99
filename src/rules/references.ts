import { Json, mapOf, textOf } from '../core/json';
import { groupOf } from './group-of';

/** Kinds that pods of others are made of, by group and kind. */
const REFERENCED = [
  'argoproj.io/WorkflowTemplate',
  'argoproj.io/ClusterWorkflowTemplate',
  'tekton.dev/Task',
  'tekton.dev/ClusterTask',
  'tekton.dev/StepAction',
  'tekton.dev/Pipeline',
];

/**
 * Objects that others name as a part of their pods.
 *
 * @internal
 */
export class References {
  private readonly objects = new Map<string, Record<string, Json>[]>();

  public constructor(objects: Record<string, Json>[]) {
    for (const object of objects) {
      const kind = `${groupOf(object)}/${textOf(object.kind)}`;
      if (!REFERENCED.includes(kind)) continue;
      const key = keyOf(kind, mapOf(object.metadata).name);
      this.objects.set(key, [...(this.objects.get(key) ?? []), object]);
    }
  }

  /** The object of this group, kind and name that another one can name; one without a namespace may be in any. */
  public find(kind: string, name: Json, from: Record<string, Json>): Record<string, Json> | undefined {
    const { namespace } = mapOf(from.metadata);
    return this.objects.get(keyOf(kind, name))?.find(({ metadata }) => {
      const other = mapOf(metadata).namespace;
      return namespace === undefined || other === undefined || namespace === other;
    });
  }
}

function keyOf(kind: string, name: Json): string {
  return `${kind}/${textOf(name)}`;
}
