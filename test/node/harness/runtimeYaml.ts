// What the constructs make of an installation that is not the one of dist/.
import { Chart, Testing, Yaml } from 'cdk8s';
import { SysboxRuntime, type SysboxInstallationProps } from 'cdk8s-sysbox';

/** The YAML of the runtime class and the installer. */
export function installation(props: SysboxInstallationProps): string {
  const chart = new Chart(Testing.app(), 'sysbox', { disableResourceNameHashes: true });
  new SysboxRuntime(chart, 'sysbox', { installation: props });
  return Yaml.stringify(...chart.toJson());
}
