// node parse.js DIRECTORY: reads its YAML files to objects, as the command does before it checks them, and does nothing else.
const { readdirSync, readFileSync } = require('fs');
const { createRequire } = require('module');
const { join } = require('path');
const yaml = createRequire(require.resolve('cdk8s'))('yaml');

const [directory] = process.argv.slice(2);
let objects = 0;
for (const name of readdirSync(directory).sort()) {
  const options = { lineCounter: new yaml.LineCounter(), version: '1.1', logLevel: 'error' };
  for (const document of yaml.parseAllDocuments(readFileSync(join(directory, name), 'utf8'), options)) {
    if (document.toJS()) objects++;
  }
}
console.log(`${objects} objects`);
