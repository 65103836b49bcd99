// The engines that a node with a kubelet of its own can have: their programs, units and configuration, as upstream's
// documentation has them. runc, crun, conmon and the CNI plugins are Debian's.
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
  /** The reason that the kubelet has for the end of a system pod which used more memory than its limit. */
  readonly killedForMemory: 'OOMKilled' | 'Error';
  /** @default - as kubeadm makes it, a unit of its own */
  readonly kubelet?: KubeletOfEngine;
  /** A shell command that takes an image from the docker-archive FILE, with that name. */
  importImage(file: string, name: string): string;
}

/** A kubelet that the engine's unit starts, once it finds the kubeconfig. */
export interface KubeletOfEngine {
  readonly program: string;
  readonly config: string;
  readonly kubeconfig: string;
}

const containerdVersion = 'v2.4.2';
const crioVersion = 'v1.36.3';

const containerdPrograms = ['containerd', 'containerd-shim-runc-v2', 'ctr'];

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
  const directory = buildContainerd(containerdVersion, containerdPrograms);
  const defaults = await must([join(directory, 'containerd'), 'config', 'default']);
  return {
    unit: 'containerd',
    killedForMemory: 'OOMKilled',
    endpoint: 'unix:///run/containerd/containerd.sock',
    pauseImage: pauseImageIn(defaults),
    files: {
      ...installed(directory, containerdPrograms),
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

/** CRI-O with what its packages configure: no registry is searched for short image names; Debian's crun and conmon lie where those have theirs (kubeletNode.ts links them). */
export async function crio(): Promise<NodeEngine> {
  const directory = join(cacheDir, 'crio', `${crioVersion}-node`);
  const build = join(__dirname, '../../merge/crio/build.sh');
  execFileSync(build, [crioVersion, directory, 'node'], { stdio: 'inherit' });
  const defaults = await must([join(directory, 'crio'), '--config', '', '--config-dir', '', 'config']);
  return {
    unit: 'crio',
    // conmon looks for memory.events where the first process lies, in Sysbox's init.scope, which has none yet ("Failed to add inotify watch").
    killedForMemory: 'Error',
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

/** k0sworker.service as `k0s install worker` writes it. */
const k0sUnit = `[Unit]
Description=k0s - Zero Friction Kubernetes
Documentation=https://docs.k0sproject.io
ConditionFileIsExecutable=/usr/local/bin/k0s
After=network-online.target
Wants=network-online.target

[Service]
StartLimitInterval=5
StartLimitBurst=10
ExecStart=/usr/local/bin/k0s worker
RestartSec=10
Delegate=yes
KillMode=process
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
LimitNOFILE=999999
Restart=always

[Install]
WantedBy=multi-user.target
`;

const k0sKubelet: KubeletOfEngine = {
  program: '/var/lib/k0s/bin/kubelet',
  config: '/var/lib/k0s/kubelet-config.yaml',
  kubeconfig: '/var/lib/k0s/kubelet.conf',
};

const k0sSocket = '/run/k0s/containerd.sock';

/**
 * In the place of the program k0s, of which it has what a worker does with containerd (k0s pkg/component/worker/containerd,
 * pkg/supervisor): it writes the configuration at every start unless its first line was taken out, starts containerd and then the
 * kubelet, each again 5 s after its end, and 3 s after a change among the drop-ins sends SIGHUP to containerd, which ends by that.
 * It leaves out everything else: the join by a token, a controller, k0s's network, its own containerd, runc and kubelet.
 */
const k0sProgram = (pauseImage: string) => `#!/bin/sh
set -u
config=/etc/k0s/containerd.toml
drop_ins=/etc/k0s/containerd.d
PATH=/var/lib/k0s/bin:$PATH
mkdir -p "$drop_ins" /run/k0s
case $(head -n 1 "$config" 2>/dev/null) in ''|'# k0s_managed=true')
  cat >"$config" <<EOF
# k0s_managed=true
imports = ["$drop_ins/*.toml"]
version = 3

[plugins]

  [plugins."io.containerd.cri.v1.images"]

    [plugins."io.containerd.cri.v1.images".pinned_images]
      sandbox = "${pauseImage}"

  [plugins."io.containerd.cri.v1.runtime"]
EOF
esac

supervise() {
  trap 'kill "$child"; wait "$child"; exit' TERM
  while :; do
    "$@" &
    child=$!
    echo "$child" >"/run/k0s/$(basename "$1").pid"
    wait "$child"
    sleep 5
  done
}

supervise /var/lib/k0s/bin/containerd --root=/var/lib/k0s/containerd --state=/run/k0s/containerd \\
  --address=${k0sSocket} --log-level=info --config="$config" &
containerd=$! kubelet=
trap '[ -z "$kubelet" ] || { kill "$kubelet"; wait "$kubelet"; }; kill "$containerd"; wait "$containerd"; exit' TERM
drop_ins_now() { ls -l --time-style=full-iso "$drop_ins"; }
before=$(drop_ins_now)
while :; do
  if [ -z "$kubelet" ] && [ -S ${k0sSocket} ] && [ -f ${k0sKubelet.kubeconfig} ]; then
    supervise ${k0sKubelet.program} --root-dir=/var/lib/k0s/kubelet --config=${k0sKubelet.config} \\
      --kubeconfig=${k0sKubelet.kubeconfig} --cert-dir=/var/lib/k0s/kubelet/pki --runtime-cgroups=/system.slice/containerd.service &
    kubelet=$!
  fi
  sleep 1
  now=$(drop_ins_now)
  [ "$now" != "$before" ] || continue
  before=$now
  sleep 3
  kill -HUP "$(cat /run/k0s/containerd.pid)"
done
`;

/** k0s's layout and unit on upstream's containerd, which has its default cgroup driver there: cgroupfs. */
export async function k0s(): Promise<NodeEngine> {
  const directory = buildContainerd(containerdVersion, containerdPrograms);
  const pauseImage = pauseImageIn(await must([join(directory, 'containerd'), 'config', 'default']));
  return {
    unit: 'k0sworker',
    killedForMemory: 'OOMKilled',
    endpoint: `unix://${k0sSocket}`,
    pauseImage,
    files: {
      ...installed(directory, containerdPrograms, '/var/lib/k0s/bin'),
      '/usr/local/bin/k0s': { content: k0sProgram(pauseImage), mode: 0o755 },
      '/etc/systemd/system/k0sworker.service': { content: k0sUnit },
    },
    kubelet: k0sKubelet,
    importImage: (file) => `/var/lib/k0s/bin/ctr --address=${k0sSocket} --namespace=k8s.io images import '${file}'`,
  };
}

const installed = (directory: string, programs: readonly string[], to = '/usr/local/bin'): Record<string, NodeFile> =>
  Object.fromEntries(programs.map((name) => [join(to, name), { from: join(directory, name), mode: 0o755 }]));

function pauseImageIn(configuration: string): string {
  const image = /registry\.k8s\.io\/pause:[0-9.]+/.exec(configuration)?.[0];
  if (!image) throw new Error('the configuration names no pause image');
  return image;
}
