#!/usr/bin/env node
import { CliOutcome } from './options';
import { run } from './run';
import { status } from './status';

// `cdk8s-sysbox check … | head` closes the pipe: there is nobody to report to
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const argv = process.argv.slice(2);
const [command, ...rest] = argv;
// https://no-color.org, https://force-color.org
const color = Boolean(process.env.FORCE_COLOR) || (process.stdout.isTTY && !process.env.NO_COLOR);

switch (command) {
  case 'status':
    status(rest)
      .catch((error: Error) => {
        process.stderr.write(`${error.message}\n`);
        return 2;
      })
      .then((code) => (process.exitCode = code));
    break;
  case 'adopt':
    import('./adopt.js').then(({ adoptFiles }) => print(run(argv, color, adoptFiles)));
    break;
  default:
    print(run(argv, color));
}

function print({ code, out, err }: CliOutcome): void {
  process.exitCode = code;
  process.stdout.write(out);
  process.stderr.write(err);
}
