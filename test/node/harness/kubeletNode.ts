// A node as kubeadm makes it: a kubelet and a container engine, each a systemd unit of its own, and a CNI bridge. With k0s, one unit
// starts both.
import { basename, join } from 'node:path';
import { kubelet } from '../../cluster/build';
import { cached, keyOf, sha256File } from './cache';
import type { ControlPlane } from './controlPlane';
import { crictl } from './goPrograms';
import { pauseImage } from './images';
import { hostAddress, savedDisk } from './machine';
import { distImages } from './manifests';
import { Node, type NodeFile } from './node';
import type { NodeEngine } from './nodeEngines';
import { imagesOf } from './platform';
import { ensureTools, sysboxBinaries } from './prerequisites';
import { rootDisk, type Disk } from './rootDisk';
import { systemImage, systemImageName } from './systemImages';
import { waitFor } from './wait';

/** Debian's parts of both engines; skopeo brings an image into CRI-O's store. */
const packages = ['runc', 'crun', 'conmon', 'skopeo', 'containernetworking-plugins'];

const kubeletPort = 10250;

/** kubelet.service and its drop-in as kubeadm's packages have them, in one file. */
const kubeletUnit = `[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`;

/** JSON is YAML, but kubeadm and k0s write YAML, and the installer reads a line of it. */
const kubeletConfig = ({ endpoint, kubelet }: NodeEngine) => `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous:
    enabled: true
  webhook:
    enabled: false
authorization:
  mode: AlwaysAllow
cgroupDriver: ${kubelet ? 'cgroupfs' : 'systemd'}
containerRuntimeEndpoint: ${endpoint}
failSwapOn: false
port: ${kubeletPort}
`;

const bridge = {
  cniVersion: '1.0.0',
  name: 'pods',
  // CRI-O checks what was made, and Debian's plugin of 1.1.1 compares a hardware address that udev has changed since.
  disableCheck: true,
  plugins: [
    {
      ...{ type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, hairpinMode: true },
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.85.0.0/16' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

/** In the place of kube-proxy: the address of the Service `kubernetes` leads to the API server, and no other Service is served. */
const serviceOfTheApi = (port: number) => `[Unit]
Description=The Service of the API server
Before=kubelet.service k0sworker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=iptables -t nat -A PREROUTING -d 10.43.0.1 -p tcp --dport 443 -j DNAT --to-destination ${hostAddress}:${port}
ExecStart=iptables -t nat -A OUTPUT -d 10.43.0.1 -p tcp --dport 443 -j DNAT --to-destination ${hostAddress}:${port}
[Install]
WantedBy=multi-user.target
`;

const ofKubeadm = {
  program: '/usr/bin/kubelet',
  config: '/var/lib/kubelet/config.yaml',
  kubeconfig: '/etc/kubernetes/kubelet.conf',
};

/** What lies on the node whatever its cluster is. */
async function nodeFiles(engine: NodeEngine): Promise<Record<string, NodeFile>> {
  const { program, config } = engine.kubelet ?? ofKubeadm;
  return {
    ...engine.files,
    ...(engine.kubelet ? {} : { '/etc/systemd/system/kubelet.service': { content: kubeletUnit } }),
    [program]: { from: await kubelet(), mode: 0o755 },
    [config]: { content: kubeletConfig(engine) },
    '/usr/bin/crictl': { from: await crictl(), mode: 0o755 },
    '/etc/cni/net.d/10-bridge.conflist': { content: JSON.stringify(bridge) },
    // As kubeadm's guide for container runtimes asks for.
    '/etc/sysctl.d/k8s.conf': { content: 'net.ipv4.ip_forward = 1\n' },
  };
}

/** Debian's programs where upstream's packages have them. */
const links = `set -eu
mkdir -p /opt/cni /usr/libexec/crio
ln -s /usr/lib/cni /opt/cni/bin
ln -s /usr/bin/crun /usr/bin/conmon /usr/libexec/crio/`;

/** A disk whose engine holds the images of dist/ and the one of system pods, and which belongs to no cluster yet. */
async function nodeDisk(engine: NodeEngine): Promise<Disk> {
  await ensureTools();
  const from = await rootDisk({ packages });
  const names = distImages();
  const [, ...ofDist] = await imagesOf(names, sysboxBinaries());
  const archives: Record<string, string> = {
    [engine.pauseImage]: await pauseImage(engine.pauseImage),
    ...{ [names.ubuntu]: ofDist[0]!, [names.installer]: ofDist[1]!, [systemImageName]: await systemImage() },
  };
  const files = await nodeFiles(engine);
  const programs = Object.values(files).flatMap((file) => ('from' in file ? [file.from] : []));
  const hashes = await Promise.all([...programs, ...Object.values(archives)].map(sha256File));
  const recipe = { from: from.file, files: keyOf(files), hashes, images: Object.keys(archives), links };
  const directory = await cached(`kubelet-${engine.unit}`, recipe, async (into) => {
    const archiveFiles = Object.values(archives).map((file): [string, NodeFile] => [onNode(file), { from: file }]);
    const node = await Node.create({
      name: 'builder',
      disk: from,
      files: { ...files, ...Object.fromEntries(archiveFiles) },
    });
    try {
      await node.boot();
      await node.run(links);
      await node.run(`systemctl start ${engine.unit}`, { timeoutMs: 5 * 60_000 });
      const answers = `crictl --runtime-endpoint ${engine.endpoint} info >/dev/null`;
      await waitFor(engine.unit, { timeoutMs: 5 * 60_000 }, async () => (await node.exec(answers)).code === 0);
      for (const [name, file] of Object.entries(archives)) {
        await node.run(`${engine.importImage(onNode(file), name)} && rm ${onNode(file)}`, { timeoutMs: 10 * 60_000 });
      }
      await node.run(`rmdir /var/tmp/images; : >/etc/machine-id; sync`);
      await node.stop();
      await node.machine.saveDisk(into);
    } finally {
      await node.dispose();
    }
  });
  return savedDisk(from, directory);
}

const onNode = (archive: string) => join('/var/tmp/images', basename(archive));

/** A node that is switched off; its engine and kubelet start with `joinCluster`. */
export async function kubeletNode(engine: NodeEngine, controlPlane: ControlPlane): Promise<Node> {
  const { port } = controlPlane;
  const name = 'node';
  return Node.create({
    name,
    disk: await nodeDisk(engine),
    files: {
      [(engine.kubelet ?? ofKubeadm).kubeconfig]: { content: controlPlane.kubeletKubeconfig(name), mode: 0o600 },
      '/etc/systemd/system/service-of-the-api.service': { content: serviceOfTheApi(port) },
    },
    hostPorts: [port],
    guestPorts: [kubeletPort],
  });
}

export async function joinCluster(node: Node, engine: NodeEngine): Promise<void> {
  for (const unit of ['service-of-the-api', engine.unit, ...(engine.kubelet ? [] : ['kubelet'])]) {
    await node.run(`systemctl enable --now ${unit}`, { timeoutMs: 5 * 60_000 });
  }
}
