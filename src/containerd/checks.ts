import { posix } from 'node:path';
import { UNDECIDED } from '../core/toml';

/** Says what a value must be when it is not that. */
export type Check = (value: unknown) => string | undefined;

// Control characters and lone surrogates do not survive in TOML; the others would be replaced on the node.
const UNSAFE = new RegExp(`[\\p{Cc}\\p{Cs}]|\\{\\{|${UNDECIDED}`, 'u');

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && !UNSAFE.test(value);
const TEXT = `a non-empty string without control characters, "{{" and "${UNDECIDED}"`;

const must = (be: string, holds: (value: unknown) => boolean): Check => {
  return (value) => (holds(value) ? undefined : `must be ${be}`);
};

export const text = must(TEXT, isText);

export const texts = must(`a list, each item ${TEXT}`, (value) => Array.isArray(value) && value.every(isText));

export const flag = must('true or false', (value) => typeof value === 'boolean');

export const absolutePath = must(
  'an absolute path, with no ".." and no "/" at its end, such as "/usr/bin/sysbox-runc"',
  (value) => isText(value) && value.startsWith('/') && !value.endsWith('/') && posix.normalize(value) === value,
);

export const shim = must('the name of a shim, such as "io.containerd.runc.v2"', (value) => {
  return typeof value === 'string' && /^io\.containerd\.[a-z0-9-]+\.v[0-9]+$/.test(value);
});

const UINT32_MAX = 2 ** 32 - 1;

// TOML writes -0 as the float -0.0.
export const wholeNumber = must(`a whole number from 0 to ${UINT32_MAX}`, (value) => {
  return Number.isInteger(value) && !Object.is(value, -0) && Number(value) >= 0 && Number(value) <= UINT32_MAX;
});

export const oneOf = (values: readonly string[]) =>
  must(`one of ${values.map((value) => `"${value}"`).join(', ')}`, (value) => values.includes(value as string));
