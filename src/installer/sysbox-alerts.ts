import { ApiObject, Duration } from 'cdk8s';
import { claimNames } from '../core/unique-names';
import { Construct } from 'constructs';
import { DEFAULT_RUNTIME_CLASS, NodeLabels } from '../core/labels';
import { assertLabel, assertSubdomain } from '../core/names';

/** Alerts about the runtime for the Prometheus operator. */
export interface SysboxAlertsProps {
  /**
   * Labels of the PrometheusRule. A Prometheus object selects its rules by labels: kube-prometheus-stack by
   * `release: <name of the Helm release>`.
   *
   * @default - none
   */
  readonly labels?: Record<string, string>;

  /**
   * Namespace of the installer, as `SysboxInstaller.namespace`. Refused: what is not a DNS subdomain name.
   *
   * @default "sysbox-system"
   */
  readonly installerNamespace?: string;

  /**
   * The RuntimeClasses of Sysbox. Refused: an empty list, and what is not a DNS subdomain name.
   *
   * @default ["sysbox-runc"]
   */
  readonly runtimeClassNames?: string[];

  /**
   * How long a node may be without a live runtime. A node that waits for its restart slot counts, so a large cluster needs
   * the length of its rollout.
   *
   * @default Duration.hours(2)
   */
  readonly nodeTimeout?: Duration;

  /**
   * How long a rollout may go on without another node becoming ready.
   *
   * @default Duration.hours(1)
   */
  readonly rolloutTimeout?: Duration;

  /**
   * How long system pods may run on a node whose runtime is not live; an upgrade or an uninstall drains a node for at most its
   * `drainTimeout`.
   *
   * @default Duration.minutes(30)
   */
  readonly runtimeTimeout?: Duration;

  /**
   * The page that the alerts link to.
   *
   * @default - docs/how-to/troubleshoot.md of this project
   */
  readonly runbookUrl?: string;
}

const INSTALLER = 'sysbox-installer';
const RUNBOOK = 'https://github.com/cdk8s-sysbox/cdk8s-sysbox/blob/main/docs/how-to/troubleshoot.md';

/**
 * A PrometheusRule with alerts about failed nodes, a rollout that stands still, and a runtime lost under running pods. It
 * reads series that kube-state-metrics has without extra flags; labels and annotations of nodes are not among them
 * (kube-state-metrics docs/developer/cli-arguments.md), so pods and taints say how a node is.
 *
 * @example
 * import { App, Chart } from 'cdk8s';
 * import { SysboxAlerts } from 'cdk8s-sysbox';
 *
 * const app = new App();
 * const chart = new Chart(app, 'monitoring', { namespace: 'monitoring' });
 * new SysboxAlerts(chart, 'alerts', { labels: { release: 'monitoring' } });
 * app.synth();
 */
export class SysboxAlerts extends Construct {
  constructor(scope: Construct, id: string, props: SysboxAlertsProps = {}) {
    super(scope, id);
    const where = this.node.path;
    const namespace = props.installerNamespace ?? 'sysbox-system';
    assertSubdomain(namespace, `${where}: installerNamespace`);
    for (const [key, value] of Object.entries(props.labels ?? {})) assertLabel(key, value, `${where}: labels`);
    new ApiObject(this, 'Resource', {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { labels: props.labels },
      spec: {
        groups: [
          {
            name: 'cdk8s-sysbox',
            rules: [
              nodeNotReady(namespace, props),
              rolloutStalled(namespace, props),
              runtimeLost(runtimeClasses(props.runtimeClassNames, where), props),
            ],
          },
        ],
      },
    });
    claimNames(this);
  }
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

function nodeNotReady(namespace: string, props: SysboxAlertsProps): Rule {
  const about = `namespace="${namespace}"`;
  return {
    alert: 'SysboxNodeNotReady',
    expr: [
      'max by (node) (',
      `  max by (namespace, pod) (kube_pod_status_ready{${about}, condition="true"})`,
      '  * on (namespace, pod) group_left (node)',
      `  max by (namespace, pod, node) (kube_pod_info{${about}, created_by_kind="DaemonSet", created_by_name="${INSTALLER}", node!=""})`,
      ') == 0',
    ].join('\n'),
    for: seconds(props.nodeTimeout ?? Duration.hours(2)),
    labels: { severity: 'warning' },
    annotations: annotations(props, 'The Sysbox runtime is not live on node {{ $labels.node }}'),
  };
}

function rolloutStalled(namespace: string, props: SysboxAlertsProps): Rule {
  const about = `{namespace="${namespace}", daemonset="${INSTALLER}"}`;
  const window = seconds(props.rolloutTimeout ?? Duration.hours(1));
  return {
    alert: 'SysboxRolloutStalled',
    expr: [
      `kube_daemonset_status_number_ready${about} < kube_daemonset_status_desired_number_scheduled${about}`,
      `and changes(kube_daemonset_status_number_ready${about}[${window}]) == 0`,
    ].join('\n'),
    for: window,
    labels: { severity: 'warning' },
    annotations: annotations(props, 'The rollout of the Sysbox runtime stands still at {{ $value }} ready nodes'),
  };
}

function runtimeLost(runtimeClassNames: string[], props: SysboxAlertsProps): Rule {
  return {
    alert: 'SysboxRuntimeLost',
    expr: [
      'count by (node) (',
      `  max by (namespace, pod) (kube_pod_runtimeclass_name_info{runtimeclass_name=~"${runtimeClassNames.join('|')}"})`,
      '  * on (namespace, pod) group_left (node) max by (namespace, pod, node) (kube_pod_info{node!=""})',
      '  and on (namespace, pod) max by (namespace, pod) (kube_pod_status_phase{phase="Running"}) == 1',
      ')',
      `and on (node) max by (node) (kube_node_spec_taint{key="${NodeLabels.RUNTIME}"})`,
    ].join('\n'),
    for: seconds(props.runtimeTimeout ?? Duration.minutes(30)),
    labels: { severity: 'critical' },
    annotations: annotations(
      props,
      '{{ $value }} system pods run on node {{ $labels.node }}, whose Sysbox runtime is not live',
    ),
  };
}

function annotations(props: SysboxAlertsProps, summary: string): Record<string, string> {
  return {
    summary,
    description:
      '`kubectl describe node` shows the reason of a node, `npx cdk8s-sysbox status` that of each node and the remedy.',
    runbook_url: props.runbookUrl ?? RUNBOOK,
  };
}

function runtimeClasses(names: string[] = [DEFAULT_RUNTIME_CLASS], where: string): string[] {
  if (names.length === 0) {
    throw new Error(`${where}: runtimeClassNames is empty. Name the RuntimeClasses of Sysbox, or leave it out`);
  }
  for (const name of names) assertSubdomain(name, `${where}: runtimeClassNames`);
  // A dot is the only character of a name that means something in a regular expression.
  return names.map((name) => name.replaceAll('.', '[.]'));
}

function seconds(duration: Duration): string {
  return `${duration.toSeconds()}s`;
}
