// Measures in pairs, A B A B …, so that a machine whose speed drifts drifts for both; what is quoted is the median of the ratios.
const { spawnSync } = require('child_process');

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** CPU seconds of a process with its children, or what the process itself prints as JSON {seconds}. */
function sample(command, args, own) {
  const run = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', command, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    env: { ...process.env, CDK8S_CHECK_UPGRADE: 'false' },
  });
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${run.stderr || run.error}`);
  if (own) return JSON.parse(run.stdout);
  const [user, system] = run.stderr.trim().split('\n').pop().split(' ').map(Number);
  return { seconds: user + system };
}

/** The median ratio of the times, A over B, and both medians in milliseconds. */
function pairs({ a, b, own = false, rounds = 9 }) {
  const samples = [];
  for (let i = -1; i < rounds; i++) {
    // Every other round in the other order, so that neither always comes second.
    const first = i % 2 === 0 ? [a, b] : [b, a];
    const taken = first.map((command) => sample(command[0], command.slice(1), own));
    if (i >= 0) samples.push(i % 2 === 0 ? taken : taken.reverse());
  }
  return {
    ratio: median(samples.map(([x, y]) => x.seconds / y.seconds)),
    a: median(samples.map(([x]) => x.seconds)) * 1000,
    b: median(samples.map(([, y]) => y.seconds)) * 1000,
    rounds,
  };
}

module.exports = { pairs };
