import { readFileSync } from 'node:fs';

export type AppendStatement = 'first' | 'next' | 'flight';

/** Appends of up to so many events have statements of their own. */
export const MOST_OF_FEW = 4;

/** The text of a statement that appends, written for the default schema. */
export function appendStatement(name: AppendStatement): string {
  return textOf(name).replace('--{{append-events}}', () => textOf('events'));
}

/** The text of append-few.sql for one append of so many events that begins its stream, or goes on with it. */
export function appendFew(which: 'first' | 'next', events: number): string {
  const parameter = (event: number, nth: number) => `$${6 + 3 * event + nth}`;
  const rows = Array.from({ length: events }, (_, event) => {
    const [id, type, data] = [0, 1, 2].map(nth => parameter(event, nth));
    return `(${event + 1}, ${id}::uuid, ${type}::text, ${data}::json)`;
  });
  return textOf('few')
    .replace('--{{stream}}', () => STREAM[which].replace('{{size}}', String(events)))
    .replace('--{{events}}', () => rows.join(', '));
}

const STREAM = {
  first: `insert into runledger.stream as s (tenant, name, revision) values ($1::text, $2::text, {{size}} + $3::bigint)
  on conflict do nothing`,
  next: `update runledger.stream s set revision = s.revision + {{size}}
   where s.tenant = $1::text and s.name = $2::text and s.revision = $3::bigint and s.state = 'A'`,
};

function textOf(name: AppendStatement | 'events' | 'few'): string {
  return readFileSync(new URL(`./append-${name}.sql`, import.meta.url), 'utf8');
}
