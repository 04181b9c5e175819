import { readFileSync } from 'node:fs';

export type AppendStatement = 'first' | 'next' | 'flight';

/** The text of a statement that appends, written for the default schema. */
export function appendStatement(name: AppendStatement): string {
  return textOf(name).replace('--{{append-events}}', () => textOf('events'));
}

function textOf(name: AppendStatement | 'events'): string {
  return readFileSync(new URL(`./append-${name}.sql`, import.meta.url), 'utf8');
}
