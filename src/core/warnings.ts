import { IConstruct } from 'constructs';

/** What becomes of a warning. */
export enum WarningMode {
  /** It is printed on stderr, once. */
  PRINT = 'print',

  /** It is not shown. */
  OFF = 'off',

  /** It is an error: the synth fails. */
  ERROR = 'error',
}

const printed = new Set<string>();
const warnsItself = new WeakSet<IConstruct>();

/**
 * Notes that a construct warns about its pods by itself, in the mode that it was given.
 *
 * @internal
 */
export function noteOwnWarnings(construct: IConstruct): void {
  warnsItself.add(construct);
}

/**
 * Whether a construct, or one that it is a part of, warns about its pods by itself.
 *
 * @internal
 */
export function hasOwnWarnings(construct: IConstruct): boolean {
  return construct.node.scopes.some((scope) => warnsItself.has(scope));
}

/**
 * The given mode, else that of the environment: `CDK8S_SYSBOX_WARNINGS=off` silences warnings, `=error` makes each an error.
 *
 * @internal
 */
export function warningMode(given?: WarningMode): WarningMode {
  const mode = given ?? process.env.CDK8S_SYSBOX_WARNINGS;
  return mode === WarningMode.OFF || mode === WarningMode.ERROR ? mode : WarningMode.PRINT;
}

/**
 * Prints a warning on stderr, once; an error where the environment says so.
 *
 * @internal
 */
export function warn(message: string): void {
  const mode = warningMode();
  if (mode === WarningMode.ERROR) throw new Error(message);
  if (mode === WarningMode.PRINT) print(message);
}

/**
 * Prints what a validation warns of. What is an error by its mode is returned instead, without the path, which cdk8s adds.
 *
 * @internal
 */
export function warnings(construct: IConstruct, messages: string[], mode: WarningMode): string[] {
  if (mode === WarningMode.ERROR) return messages;
  if (mode === WarningMode.PRINT) for (const message of messages) print(`${construct.node.path}: ${message}`);
  return [];
}

function print(message: string): void {
  if (printed.has(message)) return;
  printed.add(message);
  process.stderr.write(`cdk8s-sysbox: warning: ${message}\n`);
}
