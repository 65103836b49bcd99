// node pods.js system|plain|l1 PODS [CHARTS]: builds and synthesizes that many pods and prints the CPU time. `l1` are the objects
// that `system` renders, written with the generated classes.
const { App, Chart } = require('cdk8s');
const { k8s, Pod } = require('cdk8s-plus-30');
const { SystemPod } = require('../../lib/src');

const [kind, pods, charts = '1'] = process.argv.slice(2);
const image = 'ubuntu:24.04';

const add = {
  system: (chart, id) => new SystemPod(chart, id, { containers: [{ image }] }),
  plain: (chart, id) => new Pod(chart, id, { containers: [{ image }] }),
  l1: (chart, id) => new k8s.KubePod(chart, id, rendered),
}[kind];

/** What a SystemPod renders, once, for the objects of `l1`. */
const rendered = kind === 'l1' ? specOf() : undefined;
function specOf() {
  const chart = new Chart(new App(), 'rendered');
  new SystemPod(chart, 'pod', { containers: [{ image }] });
  return { spec: chart.toJson()[0].spec };
}

const app = new App();
const start = process.cpuUsage();
for (let c = 0; c < Number(charts); c++) {
  const chart = new Chart(app, `chart-${c}`);
  for (let i = 0; i < Number(pods) / Number(charts); i++) add(chart, `pod-${i}`);
}
app.synthYaml();
const { user, system } = process.cpuUsage(start);
console.log(JSON.stringify({ seconds: (user + system) / 1e6 }));
