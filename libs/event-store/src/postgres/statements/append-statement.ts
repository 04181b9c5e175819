import { readFileSync } from 'node:fs';

/** The text of a statement that appends, written for the default schema. */
export function appendStatement(name: 'one' | 'flight'): string {
  return readFileSync(new URL(`./append-${name}.sql`, import.meta.url), 'utf8');
}
