// Comments belong to the sources and the declarations: without them the compiled code is a quarter smaller.
const { buildSync } = require('esbuild');
const { readdirSync } = require('fs');
const { join } = require('path');

const lib = join(__dirname, '..', 'lib');
buildSync({
  entryPoints: ['src', 'imports'].flatMap((directory) =>
    readdirSync(join(lib, directory), { recursive: true })
      // the entry point keeps its last line, which never runs (lazy-index.js), bundled packages their licence (bundle.js)
      .filter(
        (name) =>
          name.endsWith('.js') && !['index.js', 'core/nearest.js', 'core/toml.js', 'core/yaml.js'].includes(name),
      )
      .map((name) => join(lib, directory, name)),
  ),
  outdir: lib,
  outbase: lib,
  allowOverwrite: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
});
