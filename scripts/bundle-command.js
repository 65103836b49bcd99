// The command with the yaml package inside: jsii lets a library depend on no package that is not jsii's own unless it is bundled
// whole, and yaml's browser build alone is larger than the compiled library.
const { buildSync } = require('esbuild');
const { rmSync } = require('fs');
const { join } = require('path');

const lib = join(__dirname, '..', 'lib');
buildSync({
  entryPoints: [join(lib, 'src/cli/main.js')],
  outfile: join(lib, 'cdk8s-sysbox.js'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['cdk8s', 'cdk8s-plus-30', 'constructs'],
  minify: true,
  legalComments: 'inline',
  logLevel: 'warning',
});
rmSync(join(lib, 'src/cli'), { recursive: true });
