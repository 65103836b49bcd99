import { execFileSync } from 'node:child_process';
import { Json, listOf, mapOf, textOf } from '../core/json';
import { filesOf, textOfFile } from './sources';
import { SourceDocument } from './yaml';

/** What the status of a cluster is judged by: objects as the API server gives them. @internal */
export interface ClusterObjects {
  readonly nodes: Json[];
  readonly daemonSets: Json[];
  readonly pods: Json[];
  /** The ConfigMap of the rollout, in whose annotations its state is. */
  readonly rollouts: Json[];
  readonly events: Json[];
}

/** Runs kubectl with these arguments and returns what it printed. @internal */
export type Kubectl = (args: string[]) => string;

/** Every object of the installer carries it, whatever a kustomization does to names. @internal */
export const INSTALLER_SELECTOR = 'app.kubernetes.io/name=sysbox-installer';

const ROLLOUT = 'cdk8s-sysbox-rollout';

/** The KUBECTL variable names another command, such as `k3s kubectl`. @internal */
export function kubectl(connection: string[], command = process.env.KUBECTL ?? 'kubectl'): Kubectl {
  const [program = 'kubectl', ...first] = command.split(' ');
  return (args) => {
    try {
      return execFileSync(program, [...first, ...connection, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 1 << 30,
      });
    } catch (error) {
      const { code, stderr } = error as { code?: string; stderr?: string };
      if (code === 'ENOENT') throw new Error(`${program} is not on the PATH. Set KUBECTL, or give files`);
      throw new Error(`${program} ${args.join(' ')}: ${(stderr ?? String(error)).trim()}`);
    }
  };
}

/** What a cluster has, read through kubectl. @internal */
export function readCluster(run: Kubectl): ClusterObjects {
  const get = (...args: string[]) => listOf(mapOf(JSON.parse(run(['get', ...args, '-o', 'json']))).items);
  return {
    nodes: get('nodes', '--show-managed-fields'),
    daemonSets: get('daemonsets', '-A', '-l', INSTALLER_SELECTOR),
    pods: get('pods', '-A', '-l', INSTALLER_SELECTOR),
    rollouts: get('configmaps', '-A', '--field-selector', `metadata.name=${ROLLOUT}`),
    // A large cluster has tens of thousands of warnings. The API server takes Events about nodes in the namespace default only.
    events: [
      ...get('events', '-n', 'default', '--field-selector', 'type=Warning,source=cdk8s-sysbox'),
      ...get('events', '-A', '--field-selector', 'type=Warning,involvedObject.kind=DaemonSet'),
    ],
  };
}

/** JSON by its own parser: a thousand nodes are 30 MB, for which a parser of YAML takes a dozen seconds. */
function documentsOf(text: string): Json[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return SourceDocument.allOf(text).map(({ json }) => json);
  }
}

/** The same objects, from files that `kubectl get … -o json` or `-o yaml` wrote. @internal */
export function readFiles(args: string[]): ClusterObjects {
  const documents = filesOf(args).flatMap((file) => documentsOf(textOfFile(file)));
  const objects = documents.flatMap((object) =>
    textOf(object?.kind).endsWith('List') ? listOf(object.items) : [object],
  );
  const isInstallers = ({ metadata }: Json) => {
    const [key = '', value] = INSTALLER_SELECTOR.split('=');
    return mapOf(metadata?.labels)[key] === value;
  };
  const ofKind = (kind: string) => objects.filter((object) => object?.kind === kind);
  return {
    nodes: ofKind('Node'),
    daemonSets: ofKind('DaemonSet').filter(isInstallers),
    pods: ofKind('Pod').filter(isInstallers),
    rollouts: ofKind('ConfigMap').filter(({ metadata }) => metadata?.name === ROLLOUT),
    events: ofKind('Event').filter(({ type }) => type === 'Warning'),
  };
}
