import { isDeeperThan, MAX_LEVELS, type FunctionResult, type Json, type OutputContract } from '@runledger/contracts';
import { knownCheck, toldFault } from '@runledger/contracts/json-schema';
import { shortened, storableText } from '@runledger/kernel';
import { MAX_OUTPUT_BYTES, MAX_SUMMARY, outputTooLarge } from '../runs/result-limits.js';
import type { CallEnd } from './running-call.js';

type Result = Pick<CallEnd, 'outcome'> & Partial<Pick<CallEnd, 'summary' | 'output' | 'error'>>;

/** How a step ends whose function has returned this. One that was to have an output and has none is PARTIAL. */
export function resultOf(returned: FunctionResult | undefined, contract: OutputContract | undefined): Result {
  const { summary, output } = partsOf(returned);
  const said = summary === undefined ? {} : { summary: storableText(shortened(summary, MAX_SUMMARY)) };
  const value = output === undefined ? undefined : asJson(output);
  if (!contract) return { outcome: 'SUCCESS', ...said, ...(value === undefined ? {} : { output: value }) };
  if (value === undefined) return { outcome: 'PARTIAL', ...said };
  const [fault] = knownCheck(contract.schema).faultsOf(value, 1);
  if (fault) throw new ResultUnfitError(`does not fit the schema of its step: ${toldFault(fault)}`);
  return { outcome: 'SUCCESS', ...said, output: value };
}

/** What a function returned cannot be stored. */
class ResultUnfitError extends Error {
  readonly code = 'OUTPUT_INVALID';
  readonly fix = 'Return { summary, output }, with a text and with JSON; both may be left out.';

  constructor(what: string, options?: ErrorOptions) {
    super(`What the function returned ${what}.`, options);
    this.name = 'ResultUnfitError';
  }
}

class OutputTooLargeError extends Error {
  readonly code: string;
  readonly fix: string | undefined;

  constructor(bytes: number) {
    const { code, message, fix } = outputTooLarge(
      bytes,
      'Keep it where the next steps can get it, and return where it is.',
    );
    super(message);
    this.name = 'OutputTooLargeError';
    this.code = code;
    this.fix = fix;
  }
}

/** The compiler was told the type; functions are written by others, in JavaScript too. */
function partsOf(returned: unknown): { readonly summary: string | undefined; readonly output: unknown } {
  if (returned === undefined || returned === null) return { summary: undefined, output: undefined };
  if (typeof returned !== 'object' || Array.isArray(returned)) throw new ResultUnfitError('is no object');
  const { summary, output, ...others } = returned as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) throw new ResultUnfitError(`has \`${other}\`, which is neither summary nor output`);
  if (summary !== undefined && typeof summary !== 'string') {
    throw new ResultUnfitError('has a summary that is no text');
  }
  return { summary, output };
}

/** As it will be read from the log again: without what JSON has not, and without characters that no store takes. */
function asJson(value: unknown): Json | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new ResultUnfitError(`is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (text === undefined) return undefined;
  // Here already, and not only where it is decided on: results wait in memory for a store that is away.
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_OUTPUT_BYTES) throw new OutputTooLargeError(bytes);
  const stored = UNSTORABLE.test(text)
    ? text.replaceAll(ESCAPED, part => (UNSTORABLE.test(part) ? '\\ufffd' : part))
    : text;
  const json = JSON.parse(stored) as Json;
  if (isDeeperThan(json, MAX_LEVELS)) throw new ResultUnfitError(`is nested more than ${MAX_LEVELS} levels deep`);
  return json;
}

/** NUL, and halves of surrogate pairs, as `JSON.stringify` writes them. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/;
/** Any escape as a whole, so that an escaped backslash before a `u` is not taken for one. */
const ESCAPED = /\\(?:u[0-9a-f]{4}|.)/g;
