#!/usr/bin/env node
import { run } from './run';

const { code, out, err } = run(process.argv.slice(2));
process.exitCode = code;
process.stdout.write(out);
process.stderr.write(err);
