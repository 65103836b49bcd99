import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiServer, eventually, startApiServer } from '../cluster/api-server';
import { buildTimeout } from '../cluster/build';
import { manifestText } from './manifests';
import { installerPod, nodePath, PodEnvironment } from './pod';
import { inPod, podShells } from './pod-shell';
import { UnreliableNetwork } from './unreliable';
import { Fate, fates, VerificationKubelet, verificationPods } from './verification-kubelet';

jest.setTimeout(120_000);

const script = 'if verify_pod; then echo ran; else echo "$POD_REASON: $POD_ERROR"; fi';

describe.each(podShells)('a verification pod under %s, with the real token, rights and policy,', (name, shell) => {
  let server: ApiServer;
  let network: UnreliableNetwork;
  let kubelet: VerificationKubelet;
  let pod: PodEnvironment;
  const directory = mkdtempSync(join(tmpdir(), 'verification-'));
  const node = `node-${name.replace(/\W+/g, '-')}`;
  const verify = async () => (await inPod(shell, pod, script)).stdout.split('\n').pop();

  beforeAll(async () => {
    server = await startApiServer({ minor: '1.37' });
    await server.apply(manifestText);
    network = await UnreliableNetwork.before(server.url);
    pod = await installerPod(server, node, directory, network.url);
    await server.patch(nodePath(node), { spec: { taints: null } });
    kubelet = new VerificationKubelet(server);
    await eventually(async () => expect(await verify()).toBe('ran'));
  }, buildTimeout);
  afterAll(async () => {
    await kubelet?.stop();
    await network?.stop();
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  afterEach(async () => {
    network.weather = 'fair';
    kubelet.fate = () => fates.succeeds;
    kubelet.keepsDeleted = false;
    await eventually(async () => expect(await server.list(verificationPods)).toEqual([]));
    expect(kubelet.error).toBeUndefined();
  });

  test('that ends with 0 is the proof, and is deleted', async () => {
    expect(await verify()).toBe('ran');
    expect(await server.list(verificationPods)).toEqual([]);
  });

  test('has a name of its node and revision, which no other node has', async () => {
    expect([...kubelet.seen.keys()]).toEqual([expect.stringMatching(/^verify-revision-a-[0-9a-f]{10}$/)]);
  });

  const notRun = 'VerificationPodFailed: the pod did not run within 20 s: ';
  test.each<[string, Fate | undefined, string]>([
    [
      'whose program fails tells what it found',
      fates.fails,
      'VerificationPodFailed: the pod ended with 1 (Error): the pod has no sysboxfs mounts: another runtime runs it',
    ],
    [
      'that the kubelet cannot start tells why, from its Events',
      fates.doesNotStart,
      `${notRun}ContainerCreating; FailedCreatePodSandBox: failed to set MOUNT_ATTR_IDMAP: invalid argument`,
    ],
    ['that no kubelet looks at has failed', undefined, `${notRun}Pending`],
    [
      'whose image cannot be pulled proves nothing',
      fates.imageIsMissing,
      'NoVerificationPod: the pod did not run within 20 s: ImagePullBackOff: Back-off pulling image',
    ],
    [
      'that the kubelet does not admit proves nothing',
      fates.nodeIsFull,
      'NoVerificationPod: the kubelet ended the verification pod: OutOfpods: Pod was rejected: node has no room',
    ],
    [
      'that waits for a volume proves nothing',
      fates.waitsForVolume,
      'NoVerificationPod: the pod did not run within 20 s: Pending; FailedMount: MountVolume.SetUp failed for volume "injected"',
    ],
  ])('%s', async (_, fate, message) => {
    kubelet.fate = () => fate;
    expect(await verify()).toBe(message);
  });

  test('that somebody deletes proves nothing', async () => {
    kubelet.fate = () => undefined;
    const verdict = verify();
    await eventually(async () => expect(await server.list(verificationPods)).toHaveLength(1));
    const [{ metadata } = { metadata: {} }] = await server.list(verificationPods);
    await server.delete(`${verificationPods}/${metadata.name}`);
    expect(await verdict).toBe('NoVerificationPod: somebody deleted the verification pod');
  });

  test('that is refused, here by a quota, reports by what', async () => {
    const quotas = '/api/v1/namespaces/sysbox-verification/resourcequotas';
    await server.create(quotas, { metadata: { name: 'none' }, spec: { hard: { pods: '0' } } });
    // No controller fills the status in, by which the API server judges.
    await server.patch(`${quotas}/none/status`, { status: { hard: { pods: '0' }, used: { pods: '0' } } });
    try {
      await eventually(async () =>
        expect(await verify()).toMatch(/^NoVerificationPod: the API server refuses .* \(403\): .*exceeded quota: none/),
      );
    } finally {
      await server.delete(`${quotas}/none`);
    }
  });

  /** As one that a dead installer has left: it has not ended. */
  async function leftover(): Promise<void> {
    kubelet.fate = ({ metadata }) => (metadata.name === 'earlier' ? undefined : fates.succeeds);
    const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
    await server.create(verificationPods, {
      metadata: { name: 'earlier' },
      spec: {
        nodeName: node,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [{ name: 'verification', image: 'i:1', securityContext }],
      },
    });
  }

  test('of an earlier installer is removed first', async () => {
    await leftover();
    expect(await verify()).toBe('ran');
  });

  test('of an earlier installer that does not end is named', async () => {
    await leftover();
    kubelet.keepsDeleted = true;
    expect(await verify()).toBe('NoVerificationPod: an earlier verification pod of this node does not end');
  });

  test('is waited for through an outage of the API server, and through answers that are lost', async () => {
    kubelet.fate = () => undefined;
    const verdict = verify();
    await eventually(async () => expect(await server.list(verificationPods)).toHaveLength(1));
    network.weather = 'outage';
    await new Promise((resolve) => setTimeout(resolve, 2000));
    network.weather = 'answers-lost';
    await new Promise((resolve) => setTimeout(resolve, 2000));
    kubelet.fate = () => fates.succeeds;
    network.weather = 'fair';
    expect(await verdict).toBe('ran');
  });
});
