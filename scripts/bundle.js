// Puts third-party packages into the files that use them: jsii lets a library depend on no package that is not jsii's own unless it is
// packed whole, and yaml's browser build alone is half as large as the compiled library.
const { buildSync } = require('esbuild');
const { join } = require('path');

const core = join(__dirname, '..', 'lib', 'src', 'core');
for (const name of ['nearest.js', 'toml.js', 'yaml.js']) {
  const file = join(core, name);
  buildSync({
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    legalComments: 'inline',
    logLevel: 'warning',
  });
}
