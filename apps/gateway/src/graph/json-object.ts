import type { Json } from '@runledger/contracts';
import { RequestError } from './request-errors.js';

/** An argument of type `JSON` that takes objects only; nothing is an empty one. `where` names it in what callers are told. */
export function jsonObject(value: Json | null | undefined, where: string): Record<string, Json> {
  if (value == null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  throw new RequestError('BAD_USER_INPUT', `${where} is a JSON object.`, 'Pass `{ "name": value }`.');
}
