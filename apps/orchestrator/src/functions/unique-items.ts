import { canonicalJson } from '@runledger/kernel';
import type { FuncKeywordDefinition } from 'ajv/dist/2020.js';

/**
 * `uniqueItems` in the time that it takes to write the items. Ajv compares each with each: 16,000 objects hold the process up for nine
 * seconds.
 */
export const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  errors: false,
  error: { message: 'must NOT have duplicate items' },
  validate: (wanted: boolean, items: readonly unknown[]) =>
    !wanted || new Set(items.map(canonicalJson)).size === items.length,
};
