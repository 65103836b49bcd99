import { Size } from 'cdk8s';
import { SystemStorage } from '../workloads';

/** `persistence` of a Cluster. */
interface K3kPersistence {
  readonly type: 'dynamic' | 'ephemeral';
  readonly storageRequestSize?: string;
  readonly storageClassName?: string;
}

const DEFAULT = SystemStorage.claim({ storage: Size.gibibytes(10) });

/**
 * What K3k has of a storage: a claim with a size and a class, or an emptyDir.
 *
 * Source: k3k pkg/controller/cluster/server/server.go, setupDynamicPersistence and podSpec.
 *
 * @internal
 */
export function k3kPersistence(storage: SystemStorage = DEFAULT, where: string): K3kPersistence {
  const { claim, emptyDir } = storage._request;
  if (emptyDir) {
    if (emptyDir.sizeLimit) refuse(where, 'K3k sets no limit on an emptyDir. Use SystemStorage.emptyDir() without one');
    return { type: 'ephemeral' };
  }
  if (!claim) return refuse(where, 'K3k has claims and emptyDirs only. Use SystemStorage.claim() or emptyDir()');
  const foreign = (['accessModes', 'labels', 'annotations'] as const).find((name) => claim[name] !== undefined);
  if (foreign) refuse(where, `K3k has no field for ${foreign} of a claim. Leave it out`);
  const mebibytes = claim.storage.toMebibytes();
  if (mebibytes < 1) refuse(where, `a claim of ${mebibytes} MiB cannot hold anything. Request at least 1 MiB`);
  return { type: 'dynamic', storageRequestSize: canonical(mebibytes), storageClassName: claim.storageClassName };
}

/**
 * As Kubernetes' Go types write it. K3k's controller writes the whole object back, and the CRD compares the immutable size as a text:
 * with "10240Mi" for "10Gi" no cluster is ever provisioned (tried with its controller).
 */
function canonical(mebibytes: number): string {
  const units = ['Mi', 'Gi', 'Ti', 'Pi'];
  let [size, unit] = [mebibytes, 0];
  while (size % 1024 === 0 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${size}${units[unit]}`;
}

/** @internal */
export function assertAgentStorage(storage: SystemStorage | undefined, where: string): void {
  if (storage === undefined) return;
  throw new Error(`${where}: agent.storage: K3k keeps the data of agents in an emptyDir. Leave it out`);
}

function refuse(where: string, reason: string): never {
  throw new Error(`${where}: server.storage: ${reason}`);
}
