// Where the time of a start of K3s goes, from the log of its container: K3s says when each of its parts runs.
import type { Steps } from './steps';

/** In the order in which K3s 1.36 says so. Of a line that comes several times the first counts, and the last with `last`. */
const stages: readonly { stage: string; said: RegExp; last?: boolean }[] = [
  { stage: 'K3s begins', said: /Starting k3s v/ },
  { stage: 'certificates are there, the API server is started', said: /Running kube-apiserver / },
  { stage: 'containerd runs', said: /containerd is now running/ },
  { stage: 'images are imported', said: /Imported images from /, last: true },
  { stage: 'API server is ready', said: /Kube API server is now running/ },
  { stage: 'node is registered', said: /Successfully registered node/ },
  { stage: 'node has addresses for pods', said: /Set node PodCIDR/ },
  { stage: 'network plugin runs', said: /Running flannel backend/ },
];

/**
 * @param log with timestamps, as `kubectl logs --timestamps` has it
 * @param since the beginning of all times
 */
export function noteStart(steps: Steps, what: string, log: string, since: string): void {
  const lines = log.split('\n').filter((line) => /^\d{4}-\d\d-\d\dT/.test(line));
  for (const { stage, said, last } of stages) {
    const found = lines.filter((line) => said.test(line)).at(last ? -1 : 0);
    if (found) steps.note(`${what}: ${stage}`, Date.parse(found.split(' ')[0]!) - Date.parse(since));
  }
}
