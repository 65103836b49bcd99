/**
 * What a reason of a node means, and what to do about it.
 *
 * @internal
 */
export interface ReasonEntry {
  readonly meaning: string;
  /** For a terminal and a table of Markdown: no links. A setting is named as prop and Helm value, and as key of kustomize. Empty where nothing is to be done. */
  readonly remedy: string;
}

/**
 * Every reason that the node programs give on a node's annotation and in its Events. The table of docs/reference/node.md is generated from it;
 * test/cli/reasons.test.ts compares all three.
 *
 * @internal
 */
export const REASONS: Record<string, ReasonEntry> = {
  AppArmor: {
    meaning: 'AppArmor confines fusermount3, and its profile cannot be extended',
    remedy: 'do what the message says; it has the rules',
  },
  Architecture: {
    meaning: 'neither x86_64 nor aarch64',
    remedy: 'label another node',
  },
  BrokenConfiguration: {
    meaning: "containerd rejects the node's configuration without our change",
    remedy: 'fix the foreign file that the message names',
  },
  CannotWrite: {
    meaning: 'programs or binaries cannot be copied to the host',
    remedy: 'free space, or remount /var/lib and /opt writable',
  },
  ConfigVersion: {
    meaning: 'the rendered config.toml has an unknown version',
    remedy: 'use a newer release of this library',
  },
  CrashLoop: {
    meaning: 'K3s restarted over and over with the change',
    remedy: 'read the message; the old configuration is back',
  },
  DaemonsDead: {
    meaning: 'sysbox-mgr or sysbox-fs died under running pods',
    remedy: 'nothing; or delete the pods without an owner that the message names',
  },
  DaemonsDown: {
    meaning: 'the daemons do not start',
    remedy: '`journalctl -u sysbox-mgr -u sysbox-fs` on the node',
  },
  DeadMan: {
    meaning: 'nobody confirmed the change within the deadline',
    remedy: 'read the message; the old configuration is back',
  },
  Docker: {
    meaning: 'K3s runs pods with Docker',
    remedy: 'remove `--docker`',
  },
  DrainBlocked: {
    meaning: 'not all system pods can be evicted, so none was',
    remedy: 'let the PodDisruptionBudget that the message names allow an eviction, or move the pods by hand',
  },
  DrainTimeout: {
    meaning: 'system pods did not end in time',
    remedy: 'look at PodDisruptionBudgets and at pods that do not end',
  },
  DryRun: {
    meaning: 'a dry run: what would be done',
    remedy: 'nothing was changed; unset `node.dryRun` (`DRY_RUN`) to do it',
  },
  EngineDown: {
    meaning: 'the socket of containerd or CRI-O does not answer after a restart',
    remedy: 'read the message; the old configuration is back',
  },
  EngineTooOld: {
    meaning: 'containerd older than 2.0.5, or CRI-O older than 1.33',
    remedy: 'upgrade; the message names the first release that has it',
  },
  EngineWaits: {
    meaning: 'after the restart, the engine has not started containerd: its server, datastore or etcd does not answer',
    remedy: 'bring it back; the restart then ends by itself, and nothing is rolled back meanwhile',
  },
  ForeignFile: {
    meaning: 'a file stands where one of ours belongs',
    remedy: 'move it away',
  },
  ForeignHandler: {
    meaning: 'another file already defines the handler',
    remedy: "remove it there, or give the template's sha256 as `node.takeoverSha256` (`TAKEOVER`)",
  },
  ForeignSysbox: {
    meaning: 'Sysbox from a package or by hand is there',
    remedy: 'remove it, or let the construct use it: `SysboxSource.host()`',
  },
  ForeignTemplate: {
    meaning: 'a hand-written template, and no import line',
    remedy: 'add the lines of the message by hand, or give its sha256 as `node.takeoverSha256` (`TAKEOVER`)',
  },
  GuardNotInForce: {
    meaning: "systemd does not run the guard before the engine's unit",
    remedy: 'remove the empty `ExecStartPre=` of another drop-in',
  },
  HostProgram: {
    meaning: "the host's systemd did not run the host program",
    remedy: '`journalctl -u cdk8s-sysbox-run` on the node',
  },
  InstallerError: {
    meaning: "the installer's pod ended with an error of its own",
    remedy: 'read its log; report it',
  },
  Interrupted: {
    meaning: 'the node went down several times in the middle of the change',
    remedy: 'find out why; then retry',
  },
  KernelTooOld: {
    meaning: 'older than 6.3: no pod with a token or a Secret would start',
    remedy: 'upgrade the kernel',
  },
  MissingPrograms: {
    meaning: 'rsync, modprobe, iptables, fusermount or a program that the installer runs is missing',
    remedy: 'install what the message names, or allow it with `node.installPackages` (`INSTALL_PACKAGES`)',
  },
  NoBinaries: {
    meaning: 'sysbox-runc is missing or does not run',
    remedy: 'correct the image or `binaryDir`',
  },
  NoConfig: {
    meaning: "containerd's configuration file is missing",
    remedy: 'start K3s once; a plain containerd needs a file with at least its version',
  },
  NoDeadMan: {
    meaning: 'systemd did not take the timer',
    remedy: '`systemctl status`; nothing was changed',
  },
  NoEngine: {
    meaning: 'no container engine that the installer knows runs',
    remedy: 'start its unit',
  },
  NoFuse: {
    meaning: '/dev/fuse is missing',
    remedy: 'load the fuse module',
  },
  NoHostPrograms: {
    meaning: 'systemctl, sed or awk are not in /usr/bin or /bin, or the pod may not run them',
    remedy: 'not supported (NixOS); look at the confinement that the message names',
  },
  NoImports: {
    meaning: "containerd's configuration imports no directory",
    remedy: 'add the line of the message',
  },
  NoRelease: {
    meaning: 'the copy from the image failed',
    remedy: "look at the pod's log",
  },
  NoRolloutState: {
    meaning: "the rollout's ConfigMap cannot be read",
    remedy: "apply the installer's manifests",
  },
  NoSpace: {
    meaning: 'less than 200 MiB free',
    remedy: 'free some',
  },
  NoUnit: {
    meaning: 'the engine runs outside of a systemd unit',
    remedy: 'run it by a unit',
  },
  NoVerificationPod: {
    meaning:
      'the pod that verifies a node cannot be made or is not admitted by the kubelet, or its image cannot be pulled',
    remedy: 'allow what the message names; nothing is restarted or rolled back, and it is tried again',
  },
  NotHealthy: {
    meaning: 'not Ready, or no handler, through the API',
    remedy: 'read the message; the old configuration is back',
  },
  NotLabelled: {
    meaning: 'the runtime is verified, but the label does not hold',
    remedy: 'look who removes `sysbox-runtime`',
  },
  NotRestarted: {
    meaning: 'systemctl did nothing',
    remedy: "`systemctl status` of K3s's unit; the old configuration is back",
  },
  NotRestored: {
    meaning: 'the disk takes no writes, so the old state is not complete',
    remedy: 'free space, then retry',
  },
  NotSystemd: {
    meaning: 'PID 1 is not systemd',
    remedy: 'not supported',
  },
  NotTrusted: {
    meaning: 'the containerd that was found is not of root, runs in a container, or others than root can replace it',
    remedy: 'read the message; run the engine by its systemd unit',
  },
  OldKubernetes: {
    meaning: 'kubelet older than 1.33',
    remedy: 'upgrade, or opt in with the feature gate',
  },
  OthersChanged: {
    meaning: 'the merge would change what the engine reads for its other runtimes',
    remedy: 'look at foreign drop-ins; nothing was changed',
  },
  PackagesNotInstalled: {
    meaning: '`node.installPackages` (`INSTALL_PACKAGES`) is set, and the package manager failed',
    remedy: 'read the message; install them by hand',
  },
  PolicyNotBound: {
    meaning: 'the admission policies do not judge the installer: a tool has renamed its ServiceAccount or namespace',
    remedy: 'apply the manifests with their own names: no namePrefix, no nameSuffix',
  },
  PreflightWarning: {
    meaning: 'the runtime works, with a limit that the message names',
    remedy: 'read the message; nothing is wrong',
  },
  ReadOnly: {
    meaning: 'a directory that files go to is read-only',
    remedy: 'remount it writable',
  },
  Rejected: {
    meaning: 'containerd rejects the merged configuration',
    remedy: 'read the message; nothing was changed',
  },
  RolloutStopped: {
    meaning: 'the failure budget is spent',
    remedy: 'fix the failed nodes, then run one of the commands of the message',
  },
  SELinux: {
    meaning: 'enforcing',
    remedy: 'another node, or permissive',
  },
  SandboxFailed: {
    meaning: 'no sandbox runs under the handler',
    remedy: 'read the message; the old configuration is back',
  },
  ServerUnreachable: {
    meaning: "the agent's server does not answer",
    remedy: 'bring it back; nothing was changed',
  },
  Snapshotter: {
    meaning: 'not overlayfs',
    remedy: 'remove `--snapshotter`',
  },
  SubIds: {
    meaning: '/etc/subuid and /etc/subgid give sysbox no common range',
    remedy: 'write the line of the message into both files',
  },
  SysboxReady: {
    meaning: 'the runtime is live',
    remedy: '',
  },
  SysboxRemoved: {
    meaning: 'everything was removed',
    remedy: '',
  },
  SysboxVersion: {
    meaning: 'older than 0.7.1',
    remedy: 'use 0.7.1 or later',
  },
  Unexpected: {
    meaning: 'the host program ended at a step where nothing was expected',
    remedy: '`journalctl -u cdk8s-sysbox-run` on the node; report it',
  },
  UnitNotActive: {
    meaning: "the engine's unit is stopped",
    remedy: 'start it; nothing is started that somebody has stopped',
  },
  UnmanagedPods: {
    meaning: 'system pods without a controller, which nothing would create again',
    remedy: 'delete the pods that the message names',
  },
  UpgradeFailed: {
    meaning: 'no sandbox ran with the new release',
    remedy: 'the old release is back; read the message',
  },
  UserNamespaces: {
    meaning: 'user.max_user_namespaces or kernel.unprivileged_userns_clone is 0',
    remedy: 'set it to 1 or above, if that is acceptable',
  },
  VerificationPodFailed: {
    meaning: 'the node does not run a real pod under the runtime',
    remedy: 'read the message, which has the words of the kubelet; what was changed is back as it was',
  },
  WaitingForSlot: {
    meaning: 'nothing: the message says for what the node waits',
    remedy: '',
  },
  WrongUnit: {
    meaning: 'the engine runs in another unit than the setting says',
    remedy: 'correct `node.unit` (`EXPECT_UNIT`)',
  },
  WrongValue: {
    meaning: 'containerd would read a value otherwise than meant',
    remedy: 'report it; nothing was changed',
  },
};
