// Sysbox on a node without our installer, as its documentation and the article have it: tells a fault of the binaries,
// the images or the virtual machine from one of the installer.
import { join } from 'node:path';
import { sysboxPrograms } from './prerequisites';
import type { Node, NodeFile } from './node';

const service = (program: string, extra: string) => `[Unit]
PartOf=sysbox.service
${program === 'sysbox-fs' ? 'After=sysbox-mgr.service\n' : ''}
[Service]
Type=notify
ExecStart=/usr/bin/${program} ${extra}
TimeoutStartSec=90
TimeoutStopSec=90
StartLimitInterval=0
NotifyAccess=main
OOMScoreAdjust=-500
LimitNOFILE=infinity
LimitNPROC=infinity
`;

const umbrella = `[Unit]
BindsTo=sysbox-mgr.service sysbox-fs.service
After=sysbox-mgr.service sysbox-fs.service
Before=k3s.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
[Install]
WantedBy=multi-user.target
`;

const sysctl = `fs.inotify.max_queued_events = 1048576
fs.inotify.max_user_watches = 1048576
fs.inotify.max_user_instances = 1048576
kernel.keys.maxkeys = 20000
kernel.keys.maxbytes = 1400000
kernel.pid_max = 4194304
vm.max_map_count = 262144
`;

const dropIn = `version = 3
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.sysbox-runc]
runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.sysbox-runc.options]
BinaryName = '/usr/bin/sysbox-runc'
SystemdCgroup = true
`;

export const runtimeClass = `apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: { name: sysbox-runc }
handler: sysbox-runc
`;

/** Everything that lies on a node which Sysbox was put on by hand. */
export function sysboxFiles(binaries: string): Record<string, NodeFile> {
  return {
    '/etc/systemd/system/sysbox-mgr.service': { content: service('sysbox-mgr', '--disable-inner-image-preload') },
    '/etc/systemd/system/sysbox-fs.service': { content: service('sysbox-fs', '') },
    '/etc/systemd/system/sysbox.service': { content: umbrella },
    '/etc/sysctl.d/99-sysbox.conf': { content: sysctl },
    '/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d/sysbox.toml': { content: dropIn },
    ...Object.fromEntries(
      sysboxPrograms.map((name) => [`/usr/bin/${name}`, { from: join(binaries, name), mode: 0o755 }]),
    ),
  };
}

export async function installSysboxByHand(node: Node, binaries: string): Promise<void> {
  for (const [path, file] of Object.entries(sysboxFiles(binaries))) await node.put(path, file);
  await startSysbox(node);
}

/** Enables and starts the daemons of a node that has the files. */
export async function startSysbox(node: Node): Promise<void> {
  await node.run('sysctl --quiet --load /etc/sysctl.d/99-sysbox.conf && systemctl daemon-reload');
  await node.run('systemctl enable --now sysbox', { timeoutMs: 5 * 60_000 });
}
