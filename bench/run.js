// `npm run bench`: every row is a ratio of pairs measured in this run. Prints Markdown, writes bench/results.{md,json}.
const { writeFileSync } = require('fs');
const { cpus } = require('os');
const { join } = require('path');
const { pairs } = require('./pairs');
const { chart, helm } = require('./helm');

const at = (...path) => join(__dirname, ...path);
const node = (...args) => [process.execPath, ...args];
const cdk8s = at('..', 'node_modules', '.bin', 'cdk8s');
const synth = (app, out) => [cdk8s, 'synth', '--app', `node ${app}`, '-o', join('/tmp', out)];

const rows = [];
function row(name, target, measure) {
  const result = { name, target, ...measure() };
  result.met = target === null ? null : result.ratio <= target;
  rows.push(result);
  console.error(`${name}: ${result.ratio.toFixed(3)}`);
}

row('load the library / load cdk8s-plus-30', 1.08, () =>
  pairs({ a: node(at('cases/load-library.js')), b: node(at('cases/load-plus.js')), rounds: 21 }),
);
row('cdk8s synth of the default app / of an empty app', 1.15, () =>
  pairs({ a: synth(at('../lib/examples/default.js'), 'bench-default'), b: synth(at('cases/empty.js'), 'bench-empty') }),
);
const growth = {};
for (const [count, rounds] of [
  [100, 15],
  [1000, 9],
  [10000, 5],
]) {
  row(`${count} SystemPods / plain pods, time per byte`, 1.15, () => {
    const result = pairs({
      a: node(at('cases/pods.js'), 'system', `${count}`),
      b: node(at('cases/pods.js'), 'plain', `${count}`),
      own: true,
      rounds,
    });
    growth[count] = result.a;
    return result;
  });
}
row('10,000 SystemPods / 1,000 SystemPods, time', 10.5, () => ({
  ratio: growth[10000] / growth[1000],
  a: growth[10000],
  b: growth[1000],
}));
row('500 SystemPods in 500 charts / plain pods in 500 charts, time per byte', 1.15, () =>
  pairs({
    a: node(at('cases/pods.js'), 'system', '500', '500'),
    b: node(at('cases/pods.js'), 'plain', '500', '500'),
    own: true,
    rounds: 5,
  }),
);
row('cdk8s synth of the default app / helm template of the same objects', null, () =>
  pairs({ a: synth(at('../lib/examples/default.js'), 'bench-default'), b: [helm(), 'template', chart()] }),
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
  `Medians of pairs in one run; ${cpus().length} × ${cpus()[0].model}, Node ${process.version}.`,
  '',
].join('\n');
writeFileSync(at('results.md'), text);
writeFileSync(at('results.json'), `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
console.log(text);
