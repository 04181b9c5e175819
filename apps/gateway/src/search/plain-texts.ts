import type { Json } from '@runledger/contracts';

/** What is there of these, one below the other. */
export function lines(...parts: readonly (string | undefined)[]): string {
  return parts.filter(part => part !== undefined && part !== '').join('\n');
}

/** Deeper values are nobody's words: agents decide how deep they go. */
const DEEPEST = 100;

/** Names and values as people would write them: one line each, without quotes and escapes. */
export function plainJson(value: Json, name = '', depth = 0): string {
  const prefix = name === '' ? '' : `${name}: `;
  if (value === null || typeof value !== 'object') return `${prefix}${String(value)}`;
  if (depth === DEEPEST) return `${prefix}…`;
  const members: [string, Json][] = Array.isArray(value) ? value.map(item => [name, item]) : Object.entries(value);
  return members.map(([key, member]) => plainJson(member, key, depth + 1)).join('\n');
}
