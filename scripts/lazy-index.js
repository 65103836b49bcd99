// After the compiler: the package's entry point loads a room when something of it is first asked for, and checks what apps pass
// to it (src/core/prop-check.ts). An app that uses the runtime and a pod does not load K3s, Docker, systemd and K3k.
// The last line never runs: Node's lexer reads the names for ES modules in it.
const { readFileSync, writeFileSync } = require('fs');
const { join } = require('path');

const file = join(__dirname, '..', 'lib', 'src', 'index.js');
const rooms = [...readFileSync(file, 'utf8').matchAll(/__exportStar\(require\("(\.\/[a-z0-9]+)"\), exports\)/g)].map(
  (m) => m[1],
);
if (rooms.length === 0) throw new Error(`${file} exports no room: has the compiler changed what it writes?`);

const names = (room) => Object.keys(require(join(file, '..', room)));
const table = rooms.map((room) => `  [() => require('${room}'), ${JSON.stringify(names(room))}],`);
writeFileSync(
  file,
  `'use strict';
Object.defineProperty(exports, '__esModule', { value: true });
const { guard } = require('./core/prop-guard');
const guarded = {};
for (const [room, names] of [
${table.join('\n')}
]) {
  for (const name of names) {
    Object.defineProperty(exports, name, { enumerable: true, configurable: true, get: () => (guarded[name] ??= guard(name, room()[name])) });
  }
}
0 && (module.exports = { ${rooms.flatMap(names).join(', ')} });
`,
);
