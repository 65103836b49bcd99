// What Calico's CNI plugin says of the two things that the installer starts to see whether the runtime works: the sandbox that the host
// makes through the CRI, of which the API server knows nothing, and the verification pod. Only the plugin runs: no Felix programs a
// node's firewall, and there are no network namespaces, so that an address is as far as a pod comes here.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CALICO_ERROR } from '../faults/world';
import { manifestText } from '../rollout/manifests';
import { installerPod } from '../rollout/pod';
import { verificationPod } from '../rollout/pod-shell';
import { ApiServer, startApiServer } from './api-server';
import { buildTimeout } from './build';
import { calico } from './calico';
import { writeKubeconfig } from './kubeconfig';

let server: ApiServer;
let plugins: string;
let kubeconfig: string;
const directory = mkdtempSync(join(tmpdir(), 'calico-'));

beforeAll(async () => {
  plugins = await calico();
  server = await startApiServer({ minor: '1.37' });
  await server.apply(readFileSync(join(plugins, 'crds.yaml'), 'utf8'));
  await server.apply(manifestText);
  await server.createNode('a');
  kubeconfig = writeKubeconfig(join(directory, 'kubeconfig'), server);
  // What calico/node and an administrator make.
  const apiVersion = 'crd.projectcalico.org/v1';
  const metadata = { name: 'default' };
  const pool = { cidr: '10.42.0.0/16', blockSize: 26, nodeSelector: 'all()', ipipMode: 'Never', vxlanMode: 'Never' };
  await server.apply(
    stringify({ apiVersion, kind: 'ClusterInformation', metadata, spec: { datastoreReady: true } }) +
      '---\n' +
      stringify({ apiVersion, kind: 'IPPool', metadata, spec: pool }),
  );
}, buildTimeout);
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** As the engine calls it (CNI specification 1.0). */
function add(namespace: string, name: string): { message: string; log: string } {
  const log = join(directory, `${name}.log`);
  const configuration = {
    cniVersion: '1.0.0',
    name: 'k8s-pod-network',
    type: 'calico',
    datastore_type: 'kubernetes',
    nodename: 'a',
    nodename_file_optional: true,
    log_level: 'info',
    log_file_path: log,
    ipam: { type: 'calico-ipam' },
    policy: { type: 'k8s' },
    kubernetes: { kubeconfig },
  };
  const { stdout } = spawnSync(join(plugins, 'calico'), {
    encoding: 'utf8',
    input: JSON.stringify(configuration),
    env: {
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: 'abc',
      CNI_NETNS: join(directory, 'no-namespace'),
      CNI_IFNAME: 'eth0',
      CNI_PATH: plugins,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name};K8S_POD_INFRA_CONTAINER_ID=abc`,
    },
  });
  return { message: JSON.parse(stdout).msg, log: readFileSync(log, 'utf8') };
}

test('it refuses a sandbox without a pod, in the words that the stand-in has', () => {
  expect(add('kube-system', 'cdk8s-sysbox-check').message).toBe(CALICO_ERROR);
});

test('it gives the verification pod an address', async () => {
  const pod = await installerPod(server, 'a', directory);
  await verificationPod(pod);
  const { message, log } = add('sysbox-verification', 'verify-a');
  expect(log).toMatch(/IPAM assigned addresses.*IPv4=\[10\.42\./);
  // The next step, which needs a network namespace.
  expect(message).toContain('failed to Statfs');
});
