import type { StepError } from '@runledger/contracts';
import { storableText } from '@runledger/kernel';
import { shortened } from '../values/storable-text.js';

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

/** What the step says of a throw. */
export function errorOf(thrown: unknown): StepError {
  if (!(thrown instanceof Error)) return { code: 'FUNCTION_FAILED', message: textOf(String(thrown), MAX_MESSAGE) };
  const { code, fix, needs } = thrown as { readonly code?: unknown; readonly fix?: unknown; readonly needs?: unknown };
  return {
    code: typeof code === 'string' && code !== '' ? textOf(code, 100) : 'FUNCTION_FAILED',
    message: textOf(thrown.message || thrown.name, MAX_MESSAGE),
    ...(typeof fix === 'string' && { fix: textOf(fix, MAX_MESSAGE) }),
    ...(typeof needs === 'string' && { needs: textOf(needs, 200) }),
    ...(thrown.stack !== undefined && { stack: textOf(thrown.stack, MAX_STACK) }),
  };
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
