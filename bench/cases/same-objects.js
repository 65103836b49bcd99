// node same-objects.js OBJECTS.json: an app that loads cdk8s-plus and writes the objects of the default app, without this library.
const { readFileSync } = require('fs');
const { ApiObject, App, Chart } = require('cdk8s');
require('cdk8s-plus-30');

const app = new App();
const chart = new Chart(app, 'objects');
JSON.parse(readFileSync(process.argv[2], 'utf8')).forEach((object, i) => new ApiObject(chart, `${i}`, object));
app.synth();
