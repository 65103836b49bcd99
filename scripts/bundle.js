// After the compiler: puts all that it wrote into one file, lib/src/bundle.js, in which a room is evaluated when something of it is
// first asked for. To find and read 240 files takes Node longer than to run them, and an app that uses the runtime and a pod needs
// neither K3s nor Docker. Third-party packages are part of it: jsii lets a library depend on no package that is not jsii's own.
const { buildSync, build } = require('esbuild');
const { readFileSync, writeFileSync } = require('fs');
const { dirname, join, relative } = require('path');

const src = join(__dirname, '..', 'lib', 'src');
const common = { platform: 'node', target: 'node20', bundle: true, logLevel: 'warning', allowOverwrite: true };

// yaml's browser build alone is half as large as the compiled library
for (const name of ['core/nearest.js', 'core/toml.js', 'core/yaml.js']) {
  const file = join(src, name);
  buildSync({ ...common, entryPoints: [file], outfile: file, minify: true, legalComments: 'inline' });
}

const index = join(src, 'index.js');
const rooms = [...readFileSync(index, 'utf8').matchAll(/__exportStar\(require\("(\.\/[a-z0-9]+)"\), exports\)/g)].map(
  (m) => m[1],
);
if (rooms.length === 0) throw new Error(`${index} exports no room: has the compiler changed what it writes?`);
const names = Object.fromEntries(rooms.map((room) => [room, Object.keys(require(join(src, room)))]));

/** A file finds programs by its own directory, not by the bundle's. */
const directories = {
  name: 'directories',
  setup({ onLoad }) {
    onLoad({ filter: /lib\/src\/.*\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('__dirname', `(__dirname + '/${relative(src, dirname(path))}')`),
    }));
  },
};

build({
  ...common,
  stdin: {
    contents: [...rooms, './core/prop-guard', './cli/main']
      .map((file) => `exports['${file}'] = () => require('${file}');`)
      .join('\n'),
    resolveDir: src,
  },
  outfile: join(src, 'bundle.js'),
  external: ['cdk8s', 'cdk8s-plus-30', 'constructs'],
  minifyWhitespace: true,
  lineLimit: 160,
  legalComments: 'inline',
  plugins: [directories],
}).then(() => {
  // The last line never runs: Node's lexer reads the names for ES modules in it.
  writeFileSync(
    index,
    `'use strict';
Object.defineProperty(exports, '__esModule', { value: true });
const bundle = require('./bundle');
const { guard } = bundle['./core/prop-guard']();
const guarded = {};
for (const [room, names] of Object.entries(${JSON.stringify(names)})) {
  for (const name of names) {
    Object.defineProperty(exports, name, { enumerable: true, configurable: true, get: () => (guarded[name] ??= guard(name, bundle[room]()[name])) });
  }
}
0 && (module.exports = { ${Object.values(names).flat().join(', ')} });
`,
  );
  writeFileSync(join(src, 'cli', 'main.js'), "#!/usr/bin/env node\nrequire('../bundle')['./cli/main']();\n");
});
