#!/usr/bin/env node
import { run } from './run';
import { status } from './status';

const [command, ...rest] = process.argv.slice(2);
if (command === 'status') {
  status(rest)
    .catch((error: Error) => {
      process.stderr.write(`${error.message}\n`);
      return 2;
    })
    .then((code) => (process.exitCode = code));
} else {
  const { code, out, err } = run(process.argv.slice(2));
  process.exitCode = code;
  process.stdout.write(out);
  process.stderr.write(err);
}
