/**
 * MTU of the engine's networks. Packets larger than the MTU of the pod's interface are dropped, and pulls hang.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { DockerMtu, DockerPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * // A VPN on the way to the registry takes smaller packets than the pod's interface.
 * new DockerPod(chart, 'Builder', { docker: { daemon: { mtu: DockerMtu.of(1280) } } });
 */
export class DockerMtu {
  /**
   * As the pod's own interface says when the engine starts. It is read with `ip` where the image has it (Docker's has),
   * else from /proc/sys/net/ipv6.
   */
  public static ofPod(): DockerMtu {
    return new DockerMtu('@POD_MTU_NUMBER@', '@POD_MTU@');
  }

  /**
   * A number of bytes. Refused: below 68, which no IPv4 network has, and above 65535.
   *
   * @param bytes the MTU
   */
  public static of(bytes: number): DockerMtu {
    if (!Number.isInteger(bytes) || bytes < 68 || bytes > 65535) {
      throw new Error(
        `DockerMtu.of(): ${bytes} is not a valid MTU. Use a whole number from 68 to 65535, or DockerMtu.ofPod()`,
      );
    }
    return new DockerMtu(bytes, String(bytes));
  }

  /** The engine's own default of 1500, whatever the pod's interface has. */
  public static engineDefault(): DockerMtu {
    return new DockerMtu();
  }

  private constructor(
    private readonly ofDefaultNetwork?: number | string,
    private readonly ofOtherNetworks?: string,
  ) {}

  /**
   * The keys of daemon.json: `mtu` holds for docker0 only, so that compose networks need the other one.
   *
   * @internal
   */
  public _toJson(): Record<string, unknown> {
    if (this.ofDefaultNetwork === undefined) return {};
    return {
      mtu: this.ofDefaultNetwork,
      'default-network-opts': { bridge: { 'com.docker.network.driver.mtu': this.ofOtherNetworks } },
    };
  }
}
