const UNIT = /^[A-Za-z0-9:_.\\@-]+\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/;

/**
 * Units that cannot work in a system container, or wait for what is not there. The mounts fail with EPERM and leave the
 * machine degraded (measured with systemd 257), and so does systemd-modules-load.service in an image with a list of modules
 * or without libkmod, as nobody loads modules from a user namespace; the others are those of sysbox
 * docs/user-guide/systemd.md.
 *
 * @internal
 */
export const UNFIT_UNITS = [
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-firstboot.service',
  'systemd-journald-audit.socket',
  'systemd-modules-load.service',
  'systemd-networkd-wait-online.service',
  'systemd-udev-trigger.service',
];

/**
 * Refuses what is not the name of a unit: systemd ignores it silently.
 *
 * @internal
 */
export function assertUnits(units: string[], what: string): void {
  for (const unit of units) {
    if (!UNIT.test(unit)) {
      throw new Error(`${what}: '${unit}' is not a valid unit. Write the full name, such as 'ssh.service'`);
    }
  }
}
