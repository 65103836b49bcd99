// `npm run bench`: every row is a ratio of CPU times, of pairs measured in this run. Prints Markdown, writes bench/results.{md,json}.
// `npm run bench -- --only REGEX --rounds N`: the rows whose names fit, N pairs each; writes nothing.
const { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('fs');
const { cpus, tmpdir } = require('os');
const { join } = require('path');
const { parseArgs } = require('util');
const { parseAllDocuments } = require('yaml');
const { pairs } = require('./pairs');
const { chart, helm } = require('./helm');
const { manifests } = require('./manifests');

const { only, rounds: fixed } = parseArgs({ options: { only: { type: 'string' }, rounds: { type: 'string' } } }).values;
const at = (...path) => join(__dirname, ...path);
const node = (...args) => [process.execPath, ...args];
const cdk8s = at('..', 'node_modules', '.bin', 'cdk8s');
const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true }));
const synth = (app, out) => [cdk8s, 'synth', '--app', `node ${app}`, '-o', join(scratch, out)];
const measure = ({ rounds, ...rest }) => pairs({ ...rest, rounds: Number(fixed ?? rounds) });

/** What the default app renders, in a file. */
function objectsOfDist() {
  const directory = at('..', 'dist');
  const texts = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS()));
  const file = join(scratch, 'objects.json');
  writeFileSync(file, JSON.stringify(objects));
  return file;
}

const rows = [];
function row(name, target, result) {
  if (only && !new RegExp(only).test(name)) return;
  const measured = { name, target, ...result() };
  rows.push({ ...measured, met: target === null ? null : measured.ratio <= target });
  console.error(`${name}: ${measured.ratio.toFixed(3)}`);
}

/** Pods of one kind against another, in CPU time, measured once for all rows that ask for it. */
const known = {};
function pods(kinds, count, charts, rounds) {
  const [a, b] = kinds.map((kind) => node(at('cases/pods.js'), kind, `${count}`, `${charts}`));
  return (known[[kinds, count, charts]] ??= measure({ a, b, own: true, rounds }));
}

row('load the library / load cdk8s-plus-30', 1.08, () =>
  measure({ a: node(at('cases/load-library.js')), b: node(at('cases/load-plus.js')), rounds: 21 }),
);
row('load the library with its runtime and pods / load cdk8s-plus-30', null, () =>
  measure({ a: node(at('cases/first-use.js')), b: node(at('cases/load-plus.js')), rounds: 21 }),
);
row('cdk8s synth of the default app / of an empty app', 1.1, () =>
  measure({
    a: synth(at('../lib/examples/default.js'), 'default'),
    b: synth(at('cases/empty.js'), 'empty'),
    rounds: 9,
  }),
);
row('cdk8s synth of the same objects, from JSON, with cdk8s-plus loaded / of an empty app', null, () =>
  measure({
    a: synth(`${at('cases/same-objects.js')} ${objectsOfDist()}`, 'same-objects'),
    b: synth(at('cases/empty.js'), 'empty'),
    rounds: 9,
  }),
);
for (const [count, charts, rounds, what] of [
  [100, 1, 15, '100 SystemPods / plain pods'],
  [1000, 1, 21, '1000 SystemPods / plain pods'],
  [10000, 1, 5, '10000 SystemPods / plain pods'],
  [500, 500, 5, '500 SystemPods in 500 charts / plain pods in 500 charts'],
]) {
  row(`${what}, per pod`, charts === 1 ? 0.9 : null, () => pods(['system', 'plain'], count, charts, rounds));
}
row('1000 SystemPods / the same objects as L1, per pod', null, () => pods(['system', 'l1'], 1000, 1, 9));
row('10,000 SystemPods / 1,000 SystemPods', 10.5, () => {
  const [a, b] = [pods(['system', 'plain'], 10000, 1, 5).a, pods(['system', 'plain'], 1000, 1, 21).a];
  return { ratio: a / b, a, b };
});
row('growth from 250 to 500 charts, each validated with all others: SystemPods / plain pods', 1.25, () => {
  const charts = (kind, count) => node(at('cases/charts.js'), kind, count);
  const growth = (kind) => measure({ a: charts(kind, '500'), b: charts(kind, '250'), own: true, rounds: 9 });
  const [system, plain] = [growth('system'), growth('plain')];
  return { ratio: system.ratio / plain.ratio, a: system.a, b: plain.a };
});
row('cdk8s-sysbox check of 10,000 Pods / only parsing them', 1.15, () => {
  const directory = manifests(10000, join(scratch, 'manifests'));
  return measure({
    a: node(at('../lib/src/cli/main.js'), 'check', directory),
    b: node(at('cases/parse.js'), directory),
    rounds: 9,
  });
});
row('cdk8s synth of the default app / helm template of the same objects', null, () =>
  measure({
    a: synth(at('../lib/examples/default.js'), 'default'),
    b: [helm(), 'template', chart(join(scratch, 'chart'))],
    rounds: 9,
  }),
);

const text = [
  '| what | ratio | target | met | A ms | B ms |',
  '|---|---|---|---|---|---|',
  ...rows
    .map((r) =>
      [
        r.name,
        r.ratio.toFixed(2),
        r.target ?? '–',
        r.met === null ? '–' : r.met ? 'yes' : '**no**',
        r.a.toFixed(0),
        r.b.toFixed(0),
      ].join(' | '),
    )
    .map((line) => `| ${line} |`),
  '',
  `CPU time, medians of pairs in one run; ${cpus().length} × ${cpus()[0].model}, Node ${process.version}.`,
  '',
].join('\n');
if (!only && !fixed) {
  writeFileSync(at('results.md'), text);
  writeFileSync(at('results.json'), `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
}
console.log(text);
