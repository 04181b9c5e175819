import type { StepError } from '@runledger/contracts';
import { shortened, storableText } from '@runledger/kernel';
import { blockCauseOf } from '../runs/block-causes.js';

const MAX_MESSAGE = 4_000;
const MAX_STACK = 8_000;

/** A step calls a function that this orchestrator has not: nothing is wrong with the run, and it goes on when it has. */
export class FunctionUnknownError extends Error {
  readonly code = 'ENVIRONMENT';
  readonly fix =
    'Let the operator add it to the module that ORCHESTRATOR_FUNCTIONS names and restart, then resume the run.';

  constructor(name: string) {
    super(`There is no function ${name}.`);
    this.name = 'FunctionUnknownError';
    delete this.stack; // where the platform noticed it helps nobody
  }
}

const FAILED = 'FUNCTION_FAILED';
/** Of the codes that block a step those that a function may say; of budgets, models and disks the platform itself speaks. */
const OWN_BLOCKS: readonly string[] = ['CREDENTIAL', 'ENVIRONMENT', 'INTEGRATION'];
/** Why, and why that; further down it is of no use to people. */
const MAX_CAUSES = 3;

/** What the step says of a throw. Anything can be thrown, also what throws when it is looked at: the step ends all the same. */
export function errorOf(thrown: unknown): StepError {
  try {
    return isObject(thrown) ? told(thrown) : { code: FAILED, message: textOf(String(thrown), MAX_MESSAGE) };
  } catch {
    return { code: FAILED, message: 'The function threw something that cannot be read.', fix: 'Throw an `Error`.' };
  }
}

function told(thrown: object): StepError {
  const message = messageOf(thrown, MAX_CAUSES);
  const [code, fix, needs, stack] = ['code', 'fix', 'needs', 'stack'].map(name => textIn(thrown, name));
  return {
    ...codeAndMessage(code, message),
    ...(fix !== undefined && { fix: textOf(fix, MAX_MESSAGE) }),
    ...(needs !== undefined && { needs: textOf(needs, 200) }),
    ...(stack !== undefined && { stack: textOf(stack, MAX_STACK) }),
  };
}

function codeAndMessage(code: string | undefined, message: string): StepError {
  const isOurs = code !== undefined && !OWN_BLOCKS.includes(code) && blockCauseOf('ERROR', { code, message });
  if (isOurs) return { code: FAILED, message: textOf(`${message} (${code})`, MAX_MESSAGE) };
  return { code: code === undefined ? FAILED : textOf(code, 100), message: textOf(message, MAX_MESSAGE) };
}

/** With its causes: `fetch failed` alone tells nobody anything. */
function messageOf(thrown: object, causes: number): string {
  const own = textIn(thrown, 'message') ?? textIn(thrown, 'name') ?? 'The function threw an object without a message.';
  const why = causes === 0 ? [] : causesOf(thrown).map(cause => causeText(cause, causes - 1));
  return [own, why.filter(text => text !== '' && !own.includes(text)).join('; ')].filter(Boolean).join(': ');
}

/** Of an `AggregateError` the first few. */
function causesOf(thrown: object): readonly unknown[] {
  const { errors, cause } = thrown as { readonly errors?: unknown; readonly cause?: unknown };
  return Array.isArray(errors) ? errors.slice(0, MAX_CAUSES) : [cause];
}

function causeText(cause: unknown, causes: number): string {
  if (isObject(cause)) return messageOf(cause, causes);
  return typeof cause === 'string' ? cause : '';
}

/** A text that is there and not empty. */
function textIn(thrown: object, name: string): string | undefined {
  const value = (thrown as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function timedOut(timeoutMs: number): StepError {
  return {
    code: 'TIMEOUT',
    message: `The function did not end within ${timeoutMs} ms.`,
    fix: 'Give the step a longer timeout, or less to do.',
  };
}

function textOf(text: string, length: number): string {
  return shortened(storableText(text), length);
}
