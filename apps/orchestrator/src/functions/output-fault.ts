import type { Json, OutputContract } from '@runledger/contracts';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { uniqueItems } from './unique-items.js';

const addFormats = ajvFormats as unknown as (ajv: Ajv2020) => Ajv2020;
const MAX_KNOWN = 100;

/** Compiling one takes milliseconds, and each call of a step would do it again. By the text of the schema. */
const known = new Map<string, ValidateFunction>();

/**
 * The first thing that is wrong with an output; undefined when it fits. All of them may be more than fit into memory: a thousand
 * keywords on each of a hundred thousand items. Flows are published with schemas that compile, and check at once.
 */
export function outputFault(schema: OutputContract['schema'], output: Json): string | undefined {
  const validate = compiled(schema);
  if (validate(output)) return undefined;
  const [fault] = validate.errors ?? [];
  return fault ? lineOf(fault) : 'it does not fit';
}

function compiled(schema: OutputContract['schema']): ValidateFunction {
  const text = JSON.stringify(schema);
  const found = known.get(text);
  if (found) return found;
  // A fresh instance each: instances keep every schema that they have seen.
  const ajv = addFormats(new Ajv2020({ strict: false, logger: false }));
  const validate = ajv
    .removeKeyword(uniqueItems.keyword as string)
    .addKeyword(uniqueItems)
    .compile(schema);
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
