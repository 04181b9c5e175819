import type { OutputContract } from '@runledger/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';

const addFormats = ajvFormats as unknown as (ajv: Ajv2020) => Ajv2020;

/**
 * Judges values by a schema; says everything that is wrong with one. Throws where the schema does not compile. One that was
 * published as `$async` would answer with a promise, which nobody waits for, and be taken for a yes.
 */
export function compiled({ $async: _async, ...schema }: OutputContract['schema']): ValidateFunction {
  return addFormats(new Ajv2020({ allErrors: true, strict: false, logger: false })).compile(schema);
}
