import { shortened } from '@runledger/kernel';
import type { SchemaFault } from './schema-check.js';

/** What an `enum` allows may be as long as the schema. */
const MAX_CHARS = 1_000;

/** One line that says where in an output something is wrong, and what. */
export function toldFault({ instancePath, message, params }: SchemaFault): string {
  const { allowedValues, additionalProperty } = params as { allowedValues?: unknown; additionalProperty?: string };
  const more = additionalProperty === undefined ? undefined : `\`${additionalProperty}\``;
  const particulars = allowedValues === undefined ? more : JSON.stringify(allowedValues);
  const text = `${instancePath === '' ? 'the output' : instancePath} ${message ?? 'does not fit'}`;
  return shortened(particulars === undefined ? text : `${text} (${particulars})`, MAX_CHARS);
}
