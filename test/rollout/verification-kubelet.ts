import { VERIFICATION_NAMESPACE } from '../../src/runtime/verification';
import { ApiServer } from '../cluster/api-server';
import { ApiError, KubeObject } from '../cluster/client';

export const verificationPods = `/api/v1/namespaces/${VERIFICATION_NAMESPACE}/pods`;

/** What becomes of a verification pod: its status, Events of the kubelet, or nothing yet. */
export interface Fate {
  readonly status?: KubeObject;
  readonly event?: { readonly reason: string; readonly message: string };
}

const ended = (exitCode: number, reason: string, message?: string): KubeObject => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  containerStatuses: [container({ terminated: { exitCode, reason, message } })],
});
const container = (state: KubeObject): KubeObject => ({
  name: 'verification',
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  state,
});

export const fates = {
  succeeds: { status: ended(0, 'Completed') },
  /** Its program found no sysboxfs, say. */
  fails: { status: ended(1, 'Error', 'the pod has no sysboxfs mounts: another runtime runs it') },
  /** As the kubelet says it where tmpfs has no id-mapped mounts. */
  doesNotStart: {
    status: {
      phase: 'Pending',
      containerStatuses: [container({ waiting: { reason: 'ContainerCreating' } })],
    },
    event: { reason: 'FailedCreatePodSandBox', message: 'failed to set MOUNT_ATTR_IDMAP: invalid argument' },
  },
  imageIsMissing: {
    status: {
      phase: 'Pending',
      containerStatuses: [container({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } })],
    },
  },
  nodeIsFull: { status: { phase: 'Failed', reason: 'OutOfpods', message: 'Pod was rejected: node has no room' } },
  waitsForVolume: {
    status: { phase: 'Pending' },
    event: { reason: 'FailedMount', message: 'MountVolume.SetUp failed for volume "injected"' },
  },
} satisfies Record<string, Fate>;

/**
 * The kubelets of all nodes, as far as verification pods need them: a pod gets the status that the test has chosen, and is gone once it is
 * deleted. Left out: images, sandboxes, containers, and the admission of pods by the kubelet. Whether a real kubelet runs the pod,
 * test/node shows.
 */
export class VerificationKubelet {
  fate: (pod: KubeObject) => Fate | undefined = () => fates.succeeds;
  /** All that were ever seen, by name. */
  readonly seen = new Map<string, KubeObject>();
  /** Deleted pods stay, as on a node whose kubelet is dead. */
  keepsDeleted = false;
  error: unknown;
  private stopped = false;
  private readonly loop: Promise<void>;

  constructor(private readonly server: ApiServer) {
    this.loop = this.run();
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        const pods = await this.server.list(verificationPods);
        for (const pod of pods) await this.sync(pod);
      } catch (error) {
        // Deleted between the list and the answer.
        if (!(error instanceof ApiError && error.reason === 'NotFound')) this.error = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  private async sync(pod: KubeObject): Promise<void> {
    const { name, uid, deletionTimestamp } = pod.metadata;
    const isNew = this.seen.get(name)?.metadata.uid !== uid;
    this.seen.set(name, pod);
    if (deletionTimestamp) {
      if (!this.keepsDeleted) await this.server.delete(`${verificationPods}/${name}`, { gracePeriodSeconds: '0' });
      return;
    }
    const { status, event } = this.fate(pod) ?? {};
    if (status) await this.server.patch(`${verificationPods}/${name}/status`, { status });
    if (event && isNew) {
      const time = new Date().toISOString().replace(/\.\d+/, '');
      await this.server.create(verificationPods.replace(/pods$/, 'events'), {
        metadata: { generateName: 'kubelet-', namespace: VERIFICATION_NAMESPACE },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace: VERIFICATION_NAMESPACE, uid },
        ...{ type: 'Warning', ...event, firstTimestamp: time, lastTimestamp: time, count: 1 },
      });
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.loop;
  }
}
