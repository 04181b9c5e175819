import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request that wants to go out, with everything that it says. */
export interface AskedRequest {
  readonly method: string;
  /** Of the address outside, without its query. */
  readonly path: string;
  readonly body: Buffer;
}

/** Hears how a request that was let out is answered. `over` comes once, whatever happens. */
export interface CallWatch {
  answered(status: number, contentType: string): void;
  chunk(bytes: Buffer): void;
  /** False: the answer broke off, or never came. */
  over(isWhole: boolean): void;
}

/** What becomes of a request: it is answered here, or let out with this body. */
export type Admission =
  | { readonly refused: { readonly status: number; readonly body: object } }
  | { readonly body: Buffer; readonly watch?: CallWatch };

/** Asked about each request of a relay before it is let out. */
export interface RelayMeter {
  admit(request: AskedRequest): Promise<Admission>;
}

const MOST_BYTES = 67_108_864;

/** The whole body of a request; undefined: it is longer than any that is let out, or packed so that nobody knows what it says. */
export async function wholeBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MOST_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Lets the watch hear an answer on its way. */
export function watched(answered: IncomingMessage, watch: CallWatch): void {
  let isWhole = false;
  watch.answered(answered.statusCode ?? 502, String(answered.headers['content-type'] ?? ''));
  answered.on('data', (chunk: Buffer) => watch.chunk(chunk));
  answered.once('end', () => (isWhole = true));
  answered.once('close', () => watch.over(isWhole));
}
