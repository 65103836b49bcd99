import { createHash } from 'crypto';
import * as kplus from 'cdk8s-plus-30';

/** Name that systemd knows the identity of a container by (systemd.io, Container Interface). */
const VARIABLE = 'container_uuid';

/**
 * The machine id: it names a machine in its journal, in DHCP and wherever programs tell machines apart.
 *
 * @example
 * import { Chart } from 'cdk8s';
 * import { MachineId, SystemdPod } from 'cdk8s-sysbox';
 *
 * declare const chart: Chart;
 *
 * // The same machine in each new pod: for licences, and to read the journal across restarts.
 * new SystemdPod(chart, 'Billing', {
 *   systemd: {
 *     container: { image: 'registry.example.org/billing:2026.11' },
 *     machineId: MachineId.derivedFrom('billing'),
 *   },
 * });
 */
export class MachineId {
  /** The uid of the pod: two pods of one image never have the same, and a new pod is a new machine. */
  public static ofPod(): MachineId {
    const uid = kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_UID);
    return new MachineId([`systemd.machine_id=$(${VARIABLE})`], { [VARIABLE]: uid });
  }

  /**
   * A fixed id, for one pod that must stay the same machine. Refused: anything but 32 lower-case hexadecimal digits, and
   * all zeros.
   *
   * @param id the machine id
   */
  public static of(id: string): MachineId {
    if (!/^[0-9a-f]{32}$/.test(id) || /^0+$/.test(id)) {
      throw new Error(
        `MachineId.of(): '${id}' is not a valid machine id. Write 32 lower-case hexadecimal digits, as 'systemd-id128 new' prints them`,
      );
    }
    return new MachineId([`systemd.machine_id=${id}`]);
  }

  /**
   * A fixed id made from a text, such as the name of the machine.
   *
   * @param text what identifies the machine; refused when empty
   */
  public static derivedFrom(text: string): MachineId {
    if (text === '') throw new Error('MachineId.derivedFrom(): an empty text tells no machine apart. Give its name');
    return MachineId.of(createHash('sha256').update(`cdk8s-sysbox ${text}`).digest('hex').slice(0, 32));
  }

  /** What the image has in /etc/machine-id; a random one where it is empty or missing. */
  public static ofImage(): MachineId {
    return new MachineId([]);
  }

  private constructor(
    /**
     * Arguments of systemd, which reads those of PID 1 as a kernel's.
     *
     * @internal
     */
    public readonly _arguments: string[],
    /** @internal */
    public readonly _variables: Record<string, kplus.EnvValue> = {},
  ) {}
}
