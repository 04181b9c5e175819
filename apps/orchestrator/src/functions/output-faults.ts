import type { Json, OutputContract } from '@runledger/contracts';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';

const addFormats = ajvFormats as unknown as (ajv: Ajv2020) => Ajv2020;
/** More than these nobody would put right at once. */
const MAX_TOLD = 20;
const MAX_KNOWN = 100;

/** Compiling one takes milliseconds, and each call of a step would do it again. By the text of the schema. */
const known = new Map<string, ValidateFunction>();

/** What is wrong with an output, one line each; empty when it fits. Flows are published with schemas that compile, and check at once. */
export function outputFaults(schema: OutputContract['schema'], output: Json): string[] {
  const validate = compiled(schema);
  return validate(output) ? [] : (validate.errors ?? []).slice(0, MAX_TOLD).map(lineOf);
}

function compiled(schema: OutputContract['schema']): ValidateFunction {
  const text = JSON.stringify(schema);
  const found = known.get(text);
  if (found) return found;
  // A fresh instance each: instances keep every schema that they have seen.
  const validate = addFormats(new Ajv2020({ allErrors: true, strict: false, logger: false })).compile(schema);
  const [oldest] = known.keys();
  if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  known.set(text, validate);
  return validate;
}

function lineOf({ instancePath, message, params }: ErrorObject): string {
  const { allowedValues, additionalProperty } = params as { allowedValues?: unknown; additionalProperty?: string };
  const particulars = allowedValues === undefined ? additionalProperty : JSON.stringify(allowedValues);
  const text = `${instancePath === '' ? 'the output' : instancePath} ${message ?? 'does not fit'}`;
  return particulars === undefined ? text : `${text} (${particulars})`;
}
