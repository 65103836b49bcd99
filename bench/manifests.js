// A directory of manifests that follow the rules: Pods in files of a hundred, as a GitOps repository has them.
const { App, Chart } = require('cdk8s');

module.exports.manifests = function manifests(count, outdir) {
  const { SystemPod } = require('../lib/src');
  const app = new App({ outdir });
  for (let c = 0; c < count / 100; c++) {
    const chart = new Chart(app, `chart-${c}`);
    for (let i = 0; i < 100; i++) new SystemPod(chart, `pod-${i}`, { containers: [{ image: 'ubuntu:24.04' }] });
  }
  app.synth();
  return outdir;
};
