import { ConfigVersion } from './config-version';
import { crioDropIn } from './crio';
import { dropIn } from './drop-in';
import type { IoType } from './io-type';
import { k3sTemplate, templateLines } from './k3s-template';
import { runtimeTable } from './runtime-table';
import { type TomlTable, UNDECIDED } from '../core/toml';

/**
 * A runtime of containerd.
 *
 * Texts and paths are refused when they are empty or hold a control character, `{{` (K3s would run it as a template) or
 * the token of an undecided cgroup driver. Paths are absolute and name files of the node.
 */
export interface ContainerdRuntimeProps {
  /**
   * Name of the runtime; a RuntimeClass refers to it as its handler.
   *
   * Refused: what is no DNS label (Kubernetes refuses it in a RuntimeClass), and the runtimes that K3s defines itself
   * (runc, runhcs-wcow-process, crun, nvidia and its variants, lunatic, slight, spin, wws, wasmedge, wasmer, wasmtime),
   * since a table that is there twice stops containerd.
   */
  readonly handler: string;

  /** Path of the OCI runtime, such as `/usr/bin/sysbox-runc`. */
  readonly binaryName: string;

  /**
   * Whether systemd makes the containers' cgroups.
   *
   * It must be as runc has it on the same node: otherwise pods end up outside the kubelet's cgroups and their limits do
   * not hold, while the node looks healthy (measured on K3s 1.36.2).
   *
   * @default - decided on the node, as its runc has it
   */
  readonly systemdCgroup?: boolean;

  /**
   * The containerd shim that runs the OCI runtime.
   *
   * @default "io.containerd.runc.v2"
   */
  readonly runtimeType?: string;

  /**
   * Path of the shim's program.
   *
   * @default - containerd finds it by `runtimeType`
   */
  readonly runtimePath?: string;

  /**
   * Annotations of a pod that the OCI runtime gets to see, as patterns of Go's `path.Match`: `io.sysbox.*`.
   *
   * @default - none
   */
  readonly podAnnotations?: string[];

  /**
   * Annotations of a container, set by the node's device plugins, that the OCI runtime gets to see, as patterns of Go's
   * `path.Match`.
   *
   * @default - none
   */
  readonly containerAnnotations?: string[];

  /**
   * Keep the node's devices out of privileged containers.
   *
   * @default false
   */
  readonly privilegedWithoutHostDevices?: boolean;

  /**
   * Allow privileged containers to use all devices although they do not get the node's. Refused without
   * `privilegedWithoutHostDevices`, as by containerd.
   *
   * @default false
   */
  readonly privilegedWithoutHostDevicesAllDevicesAllowed?: boolean;

  /**
   * Mount the cgroups writable in containers that are not privileged. Needs containerd 2.1 (older ones ignore it) and
   * cgroup v2 (containerd does not start otherwise).
   *
   * @default false
   */
  readonly cgroupWritable?: boolean;

  /**
   * Path of a JSON file with the OCI specification that containers start from. containerd does not start without it.
   *
   * @default - containerd's own
   */
  readonly baseRuntimeSpec?: string;

  /**
   * Folder of the CNI configuration for pods of this runtime.
   *
   * @default - the folder that all runtimes use
   */
  readonly cniConfDir?: string;

  /**
   * How many files of `cniConfDir` are read, from 0 to 4294967295; 0 means as many as for all runtimes.
   *
   * @default 0
   */
  readonly cniMaxConfNum?: number;

  /**
   * The snapshotter that makes the root filesystems of this runtime's containers.
   *
   * @default - the node's
   */
  readonly snapshotter?: string;

  /**
   * What makes a pod's sandbox: `podsandbox`, `shim`, or a sandbox plugin's name.
   *
   * @default "podsandbox"
   */
  readonly sandboxer?: string;

  /**
   * How the input and output of containers is moved.
   *
   * @default IoType.FIFO
   */
  readonly ioType?: IoType;

  /**
   * Folder where the OCI runtime keeps the state of its containers.
   *
   * @default - the shim's own
   */
  readonly root?: string;

  /**
   * Move the root filesystem instead of pivoting to it; weaker, for nodes that run from memory.
   *
   * @default false
   */
  readonly noPivotRoot?: boolean;

  /**
   * Share the kernel keyring of the shim with the container.
   *
   * @default false
   */
  readonly noNewKeyring?: boolean;

  /**
   * Cgroup of the shim, as an absolute path below the cgroup filesystem.
   *
   * @default - containerd's
   */
  readonly shimCgroup?: string;

  /**
   * User that owns the pipes of a container, from 0 to 4294967295.
   *
   * @default 0
   */
  readonly ioUid?: number;

  /**
   * Group that owns the pipes of a container, from 0 to 4294967295.
   *
   * @default 0
   */
  readonly ioGid?: number;

  /**
   * Folder of checkpoint images.
   *
   * @default - a temporary one
   */
  readonly criuImagePath?: string;

  /**
   * Folder where checkpoints are worked on.
   *
   * @default - a temporary one
   */
  readonly criuWorkPath?: string;
}

/** What CRI-O wants to know beside the OCI runtime. */
export interface CrioDropInProps {
  /**
   * Annotations of a pod that CRI-O acts on for this runtime. CRI-O's manual prefers its `workloads` to them; Sysbox's
   * own installer uses them.
   *
   * @default ["io.kubernetes.cri-o.userns-mode"]
   */
  readonly allowedAnnotations?: string[];

  /**
   * Path of conmon, the program that watches a container.
   *
   * @default - the one that CRI-O finds
   */
  readonly monitorPath?: string;
}

/**
 * One runtime in containerd's configuration, and the files that bring it there. A wrong option is an error here; every
 * file is read back and compared before it is returned.
 */
export class ContainerdRuntime {
  /** Stands in a drop-in in place of `true` or `false` until the node replaces it with what its runc has. */
  public static readonly SYSTEMD_CGROUP_TOKEN: string = UNDECIDED;

  /** Name of the runtime. */
  public readonly handler: string;

  private readonly props: ContainerdRuntimeProps;
  private readonly table: TomlTable;

  constructor(props: ContainerdRuntimeProps) {
    this.table = structuredClone(runtimeTable(props));
    this.props = structuredClone(props);
    this.handler = props.handler;
  }

  /**
   * K3s's and RKE2's `config-v3.toml.tmpl`: their own configuration with this runtime after it. Where K3s defines the
   * handler itself, nothing is added.
   */
  public k3sTemplate(): string {
    return k3sTemplate(this.handler, this.table);
  }

  /**
   * What a person adds by hand to a K3s template of their own: version 3 in `config-v3.toml.tmpl`, 2 in
   * `config.toml.tmpl`.
   */
  public manualLines(version: ConfigVersion): string {
    return templateLines(version, this.handler, this.table);
  }

  /**
   * A file for K3s's `config-v3.toml.d` (version 3) or `config.toml.d` (version 2). Unless `systemdCgroup` is given, the
   * node replaces `SYSTEMD_CGROUP_TOKEN` in it; containerd refuses the file before that.
   */
  public dropIn(version: ConfigVersion): string {
    return dropIn(version, this.handler, this.table);
  }

  /**
   * A file for a containerd without K3s, in a folder that its configuration imports: `/etc/containerd/conf.d` by default.
   *
   * Refused without `systemdCgroup`: nothing on such a node fills it in.
   *
   * @param version the version of the configuration that imports it
   */
  public plainDropIn(version: ConfigVersion = ConfigVersion.V3): string {
    if (this.props.systemdCgroup === undefined) {
      throw new Error(
        `containerd runtime "${this.handler}": systemdCgroup is not set, and nothing fills it in on a node without K3s: ` +
          "give it the value of the kubelet's cgroupDriver, true for systemd and false for cgroupfs",
      );
    }
    return dropIn(version, this.handler, this.table);
  }

  /**
   * A file for CRI-O, in `/etc/crio/crio.conf.d`. Refused when the runtime has an option that CRI-O does not know.
   */
  public crioDropIn(props: CrioDropInProps = {}): string {
    return crioDropIn(this.props, props);
  }
}
