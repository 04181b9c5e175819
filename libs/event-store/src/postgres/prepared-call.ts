import type { ClientBase, Connection, Submittable } from 'pg';
import { textArray } from './binary-array.js';

/** One prepared statement. Columns come as text, in the order of the select list. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A `Buffer` is a value in PostgreSQL's binary format; everything else is sent as text, texts in an array as an array of texts. */
export type Parameter = string | number | bigint | boolean | Buffer | readonly string[] | null;

export type TextRow = readonly (string | null)[];

/** What `pg` knows of each connection: the statements that the server has parsed there, by name. */
type Prepared = Connection & { readonly parsedStatements: Readonly<Record<string, string | undefined>> };

/** Runs the statement on a connection that has nothing else to do. Rejects with what the server or the socket says. */
export function call(client: ClientBase, statement: Statement, values: readonly Parameter[]): Promise<TextRow[]> {
  return new Promise((resolve, reject) => {
    client.query(new PreparedCall(statement, values, { resolve, reject }));
  });
}

/**
 * One call in the extended query protocol (PostgreSQL's manual, "Message Flow"), as `pg` lets others submit theirs. Bind, Execute
 * and Sync go in one piece that is made once. A query of `pg` copies each value twice more, and asks for the types of the columns
 * and looks for their parsers each time; here they are text.
 */
class PreparedCall implements Submittable {
  readonly name: string;
  readonly text: string;
  readonly #rows: TextRow[] = [];

  constructor(
    statement: Statement,
    private readonly values: readonly Parameter[],
    private readonly caller: { resolve(rows: TextRow[]): void; reject(error: unknown): void },
  ) {
    this.name = statement.name;
    this.text = statement.text;
  }

  submit(connection: Connection): void {
    const { name, text } = this;
    if ((connection as Prepared).parsedStatements[name] === undefined)
      connection.parse({ name, text, types: [] }, true);
    // A broken socket says so by itself.
    if (connection.stream.writable) connection.stream.write(boundTo(name, this.values));
  }

  handleDataRow({ fields }: { readonly fields: TextRow }): void {
    this.#rows.push(fields);
  }

  handleCommandComplete(): void {
    // The rows are handed over when the transaction has ended, which the next message says.
  }

  handleReadyForQuery(): void {
    this.caller.resolve(this.#rows);
  }

  handleError(error: unknown): void {
    this.caller.reject(error);
  }
}

const BIND = 'B'.charCodeAt(0);
/** Of the unnamed portal, all rows; then the end of the transaction. */
const EXECUTE_AND_SYNC = Buffer.from('E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04', 'latin1');

/** Bind (without a name for the portal, all results as text), Execute and Sync. */
function boundTo(statement: string, values: readonly Parameter[]): Buffer {
  const parts = values.map(encoded);
  let bytes = 1 + 4 + 1 + Buffer.byteLength(statement) + 1 + 2 + 2 + 2;
  for (const part of parts) bytes += 2 + 4 + sizeOf(part);
  const buffer = Buffer.allocUnsafe(bytes + EXECUTE_AND_SYNC.length);
  buffer[0] = BIND;
  let at = buffer.writeInt32BE(bytes - 1, 1);
  buffer[at++] = 0;
  at += buffer.write(statement, at);
  buffer[at++] = 0;
  at = buffer.writeInt16BE(parts.length, at);
  for (const part of parts) at = buffer.writeInt16BE(Buffer.isBuffer(part) ? 1 : 0, at);
  at = buffer.writeInt16BE(parts.length, at);
  for (const part of parts) at = writeValue(buffer, at, part);
  at = buffer.writeInt16BE(0, at);
  EXECUTE_AND_SYNC.copy(buffer, at);
  return buffer;
}

type Part = string | Buffer | null;

function encoded(value: Parameter): Part {
  if (typeof value !== 'object') return String(value);
  return value === null || Buffer.isBuffer(value) ? value : textArray(value);
}

function sizeOf(part: Part): number {
  if (part === null) return 0;
  return typeof part === 'string' ? Buffer.byteLength(part) : part.length;
}

function writeValue(buffer: Buffer, at: number, part: Part): number {
  const start = at + 4;
  if (part === null) return buffer.writeInt32BE(-1, at);
  const length = typeof part === 'string' ? buffer.write(part, start) : part.copy(buffer, start);
  buffer.writeInt32BE(length, at);
  return start + length;
}
