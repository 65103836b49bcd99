import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const program = join(__dirname, 'mistakes.js');
const script = `console.log(JSON.stringify(require('${program}').MISTAKES.map(([what, , says]) => [what, says])))`;
const mistakes: [string, string][] = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
let messages: (string | null)[] = [];

beforeAll(() => {
  messages = JSON.parse(execFileSync(process.execPath, [program], { encoding: 'utf8' }));
});

test.each(mistakes.map(([what, says], index) => [what, says, index] as const))('%s', (_, says, index) => {
  const message = messages[index];
  expect(message).toContain(says);
  // never a TypeError of ours, and never a message that tells about our own variables
  expect(message).toMatch(/^Error: /);
  expect(message).not.toMatch(/undefined/);
});

test('there are as many mistakes as were tried on the first release', () => {
  expect(mistakes.length).toBeGreaterThanOrEqual(134);
});
