// node charts.js system|plain CHARTS: the CPU time in which that many charts of one pod each are synthesized one by one, for
// each of which cdk8s validates the whole app.
const { App, Chart, Testing } = require('cdk8s');
const { Pod } = require('cdk8s-plus-30');
const { SystemPod, SystemPodRules } = require('../../lib/src');

const [kind, count] = process.argv.slice(2);
const Kind = kind === 'system' ? SystemPod : Pod;

const app = new App();
if (kind === 'system') SystemPodRules.enforceIn(app);
const charts = Array.from({ length: Number(count) }, (_, i) => new Chart(app, `chart-${i}`));
for (const chart of charts) new Kind(chart, 'pod', { containers: [{ image: 'ubuntu:24.04' }] });

const start = process.cpuUsage();
for (const chart of charts) Testing.synth(chart);
const { user, system } = process.cpuUsage(start);
console.log(JSON.stringify({ seconds: (user + system) / 1e6 }));
