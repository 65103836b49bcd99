const { App, Chart } = require('cdk8s');

const app = new App();
new Chart(app, 'empty');
app.synth();
