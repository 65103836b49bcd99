// node pods.js system|plain PODS [CHARTS]: builds and synthesizes that many pods and prints the time and the bytes.
const { App, Chart, Testing } = require('cdk8s');
const { Pod } = require('cdk8s-plus-30');
const { SystemPod } = require('../../lib/src');

const [kind, pods, charts = '1'] = process.argv.slice(2);
const image = 'ubuntu:24.04';

function addPod(chart, id) {
  if (kind === 'system') new SystemPod(chart, id, { containers: [{ image }] });
  else new Pod(chart, id, { containers: [{ image }] });
}

const app = new App({ outdir: Testing.app().outdir });
const start = process.hrtime.bigint();
for (let c = 0; c < Number(charts); c++) {
  const chart = new Chart(app, `chart-${c}`);
  for (let i = 0; i < Number(pods) / Number(charts); i++) addPod(chart, `pod-${i}`);
}
const bytes = app.synthYaml().length;
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
console.log(JSON.stringify({ seconds, bytes }));
