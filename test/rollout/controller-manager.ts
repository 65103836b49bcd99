import { ApiServer } from '../cluster/api-server';
import { kubeControllerManager } from '../cluster/build';
import { Controller } from '../cluster/controller';
import { kubeconfigOf } from '../cluster/kubeconfig';

/** The real DaemonSet controller: a kube-controller-manager that runs nothing else. */
export async function startDaemonSetController(server: ApiServer): Promise<Controller> {
  return Controller.start(await kubeControllerManager(), kubeconfigOf(server), (kubeconfig) => [
    `--kubeconfig=${kubeconfig}`,
    ...['--controllers=daemonset-controller', '--leader-elect=false', '--secure-port=0'],
  ]);
}
