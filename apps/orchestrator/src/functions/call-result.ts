import type { FunctionResult, Json, OutputContract } from '@runledger/contracts';
import { storableText } from '@runledger/kernel';
import { outputFaults } from './output-faults.js';
import type { CallEnd } from './running-call.js';

type Result = Pick<CallEnd, 'outcome'> & Partial<Pick<CallEnd, 'summary' | 'output' | 'error'>>;

/** How a step ends whose function has returned this. One that was to have an output and has none is PARTIAL. */
export function resultOf(returned: FunctionResult | undefined, contract: OutputContract | undefined): Result {
  const { summary, output } = partsOf(returned);
  const said = summary === undefined ? {} : { summary: storableText(summary) };
  const value = output === undefined ? undefined : asJson(output);
  if (!contract) return { outcome: 'SUCCESS', ...said, ...(value === undefined ? {} : { output: value }) };
  if (value === undefined) return { outcome: 'PARTIAL', ...said };
  const faults = outputFaults(contract.schema, value);
  if (faults.length > 0) throw new ResultUnfitError(`does not fit the schema of its step: ${faults.join('; ')}`);
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
  const stored = UNSTORABLE.test(text)
    ? text.replaceAll(ESCAPED, part => (UNSTORABLE.test(part) ? '\\ufffd' : part))
    : text;
  return JSON.parse(stored) as Json;
}

/** NUL, and halves of surrogate pairs, as `JSON.stringify` writes them. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/;
/** Any escape as a whole, so that an escaped backslash before a `u` is not taken for one. */
const ESCAPED = /\\(?:u[0-9a-f]{4}|.)/g;
