// What the pages' blocks declare instead of making: the app of a reader who has one already.
const { ApiObject, App, Chart } = require('cdk8s');
const kplus = require('cdk8s-plus-30');
const { SystemJob } = require('cdk8s-sysbox');

const app = new App();
const chart = new Chart(app, 'docs', { namespace: 'docs' });
const containers = [{ image: 'registry.example/app:1.0' }];
const template = { spec: { containers: [{ name: 'main', image: 'registry.example/app:1.0' }] } };
const labels = { app: 'web' };

const declared = {
  app: () => app,
  chart: () => chart,
  database: () => new kplus.Deployment(chart, 'Database', { containers }),
  build: () => new kplus.Job(chart, 'Build', { containers }),
  clients: () => new kplus.Deployment(chart, 'Clients', { containers }),
  job: () => new SystemJob(chart, 'Job', { containers }),
  deployment: () =>
    new ApiObject(chart, 'Web', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
    }),
  serverCertificate: () => kplus.Secret.fromSecretName(chart, 'ServerCertificate', 'docker-server-tls'),
  clientCertificate: () => kplus.Secret.fromSecretName(chart, 'ClientCertificate', 'docker-client-tls'),
};

module.exports = { app, declared };
