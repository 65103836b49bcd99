// The two engines that a node with a kubelet of its own can have: their programs, units and configuration, as upstream's
// documentation has them for kubeadm. runc, crun, conmon and the CNI plugins are Debian's.
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { PACKAGED_CRIO } from '../../support/crio';
import { build as buildContainerd } from '../../merge/containerd';
import { cacheDir } from './cache';
import { must } from './host';
import type { NodeFile } from './node';

export interface NodeEngine {
  /** Of its unit. */
  readonly unit: string;
  /** As the kubelet names it. */
  readonly endpoint: string;
  /** The image that it runs a pod's sandbox with. */
  readonly pauseImage: string;
  readonly files: Readonly<Record<string, NodeFile>>;
  /** A shell command that takes an image from the docker-archive FILE, with that name. */
  importImage(file: string, name: string): string;
}

const containerdVersion = 'v2.4.2';
const crioVersion = 'v1.36.3';

/** containerd.service as upstream's release has it. */
const containerdUnit = `[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`;

/** Upstream's containerd with its own defaults and the cgroup driver of kubeadm's guide. */
export async function containerd(): Promise<NodeEngine> {
  const programs = ['containerd', 'containerd-shim-runc-v2', 'ctr'];
  const directory = buildContainerd(containerdVersion, programs);
  const defaults = await must([join(directory, 'containerd'), 'config', 'default']);
  return {
    unit: 'containerd',
    endpoint: 'unix:///run/containerd/containerd.sock',
    pauseImage: pauseImageIn(defaults),
    files: {
      ...installed(directory, programs),
      '/etc/systemd/system/containerd.service': { content: containerdUnit },
      '/etc/containerd/config.toml': { content: defaults.replace('SystemdCgroup = false', 'SystemdCgroup = true') },
    },
    importImage: (file) => `ctr --namespace=k8s.io images import '${file}'`,
  };
}

/** crio.service as upstream's contrib/systemd has it. */
const crioUnit = `[Unit]
Description=Container Runtime Interface for OCI (CRI-O)
Documentation=https://github.com/cri-o/cri-o
Wants=network-online.target
Before=kubelet.service
After=network-online.target

[Service]
Type=notify
EnvironmentFile=-/etc/sysconfig/crio
Environment=GOTRACEBACK=crash
ExecStart=/usr/local/bin/crio \\
          $CRIO_CONFIG_OPTIONS \\
          $CRIO_RUNTIME_OPTIONS \\
          $CRIO_STORAGE_OPTIONS \\
          $CRIO_NETWORK_OPTIONS \\
          $CRIO_METRICS_OPTIONS
ExecReload=/bin/kill -s HUP $MAINPID
TasksMax=infinity
LimitNPROC=1048576
LimitCORE=infinity
OOMScoreAdjust=-999
TimeoutStartSec=0
Restart=on-failure
RestartSec=10
WatchdogSec=60s

[Install]
WantedBy=multi-user.target
Alias=cri-o.service
`;

/** CRI-O with what its packages configure, which is no registry to search for short image names; Debian's crun and conmon lie where those have theirs (kubeletNode.ts links them). */
export async function crio(): Promise<NodeEngine> {
  const directory = join(cacheDir, 'crio', `${crioVersion}-node`);
  const build = join(__dirname, '../../merge/crio/build.sh');
  execFileSync(build, [crioVersion, directory, 'node'], { stdio: 'inherit' });
  const defaults = await must([join(directory, 'crio'), '--config', '', '--config-dir', '', 'config']);
  return {
    unit: 'crio',
    endpoint: 'unix:///var/run/crio/crio.sock',
    pauseImage: pauseImageIn(defaults),
    files: {
      ...installed(directory, ['crio', 'pinns']),
      '/etc/systemd/system/crio.service': { content: crioUnit },
      '/etc/crio/crio.conf.d/10-crio.conf': { content: PACKAGED_CRIO },
      '/etc/crio/policy.json': { content: '{"default": [{"type": "insecureAcceptAnything"}]}\n' },
    },
    importImage: (file, name) => `skopeo copy --quiet 'docker-archive:${file}' 'containers-storage:${name}'`,
  };
}

const installed = (directory: string, programs: readonly string[]): Record<string, NodeFile> =>
  Object.fromEntries(programs.map((name) => [`/usr/local/bin/${name}`, { from: join(directory, name), mode: 0o755 }]));

function pauseImageIn(configuration: string): string {
  const image = /registry\.k8s\.io\/pause:[0-9.]+/.exec(configuration)?.[0];
  if (!image) throw new Error('the configuration names no pause image');
  return image;
}
