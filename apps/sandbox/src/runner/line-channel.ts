import { Fault, RetryableError } from '@runledger/kernel';
import type { Socket } from 'node:net';
import { diskFull } from '../attempt/disk-full.js';

/** The other end is gone, or this one was closed: whether the question was heard is not known. */
export class ChannelClosedError extends RetryableError {
  constructor(op: string) {
    super('CHANNEL_CLOSED', `The connection ended before ${op} was answered.`, { fields: { op } });
  }
}

/** What the other end answered a question with instead of an answer. */
export class AnsweredFault extends Fault {
  constructor(
    readonly answered: WireFault,
    op: string,
  ) {
    super(answered.code, answered.message, { fields: { op } });
  }

  /** The same question may be asked again. */
  get passes(): boolean {
    return this.answered.passes;
  }
}

/** A fault as it goes over the wire: no stack, and no fields, which may quote data. */
export interface WireFault {
  readonly code: string;
  readonly message: string;
  /** It may go away by itself. */
  readonly passes: boolean;
}

interface Line {
  /** Of a question. */
  readonly id?: number;
  readonly op?: string;
  /** Which question this answers. */
  readonly re?: number;
  readonly data?: unknown;
  readonly fault?: WireFault;
}

interface Asked {
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly op: string;
}

export type Answerer = (op: string, data: unknown) => unknown;

/**
 * Questions and answers in both directions over one stream, each a line of JSON. Answers come in any order, because some take
 * long. What is told without being a question is not answered.
 */
export class LineChannel {
  readonly #asked = new Map<number, Asked>();
  readonly #closed: Promise<void>;
  #next = 1;
  #part: Buffer[] = [];
  #isOpen = true;

  constructor(
    private readonly socket: Socket,
    private readonly answer: Answerer,
  ) {
    this.#closed = new Promise(resolve => {
      socket.once('close', () => {
        this.#end();
        resolve();
      });
    });
    socket.on('error', () => undefined); // `close` follows
    socket.on('data', chunk => this.#take(chunk));
  }

  /** Resolves when the other end is gone, or `close` was called. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Throws {@link ChannelClosedError}, {@link AnsweredFault}. */
  ask<Answer>(op: string, data?: unknown): Promise<Answer> {
    if (!this.#isOpen) return Promise.reject(new ChannelClosedError(op));
    const id = this.#next;
    this.#next += 1;
    return new Promise<Answer>((resolve, reject) => {
      this.#asked.set(id, { resolve: data => resolve(data as Answer), reject, op });
      this.#write({ id, op, data });
    });
  }

  /** Says something that needs no answer; lost when the other end is gone. */
  tell(op: string, data?: unknown): void {
    if (this.#isOpen) this.#write({ op, data });
  }

  close(): void {
    this.socket.destroy();
    this.#end();
  }

  #end(): void {
    this.#isOpen = false;
    for (const { reject, op } of this.#asked.values()) reject(new ChannelClosedError(op));
    this.#asked.clear();
  }

  #write(line: Line): void {
    this.socket.write(`${JSON.stringify(line)}\n`);
  }

  #take(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const text = Buffer.concat([...this.#part, chunk.subarray(from, end)]).toString('utf8');
      this.#part = [];
      from = end + 1;
      this.#hear(text);
    }
    if (from < chunk.length) this.#part.push(chunk.subarray(from));
  }

  #hear(text: string): void {
    const line = parsed(text);
    if (line === undefined) return this.close();
    if (line.re !== undefined) return this.#settle(line.re, line);
    if (line.op !== undefined) void this.#reply(line.op, line);
  }

  #settle(re: number, { data, fault }: Line): void {
    const asked = this.#asked.get(re);
    this.#asked.delete(re);
    if (fault) asked?.reject(new AnsweredFault(fault, asked.op));
    else asked?.resolve(data);
  }

  async #reply(op: string, { id, data }: Line): Promise<void> {
    const said = await outcomeOf(() => this.answer(op, data));
    if (id !== undefined && this.#isOpen) this.#write({ re: id, ...said });
  }
}

async function outcomeOf(answer: () => unknown): Promise<Pick<Line, 'data' | 'fault'>> {
  try {
    return { data: await answer() };
  } catch (error) {
    return { fault: wireFault(error) };
  }
}

/** A disk that is full is named by its code: the other end cannot look for the system's. */
export function wireFault(met: unknown): WireFault {
  const error = diskFull(met) ?? met;
  const message = error instanceof Error ? error.message : String(error);
  const passes = error instanceof RetryableError || (error instanceof AnsweredFault && error.passes);
  return { code: error instanceof Fault ? error.code : 'INTERNAL', message, passes };
}

/** Undefined: whoever is at the other end does not speak this. */
function parsed(text: string): Line | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null ? line : undefined;
  } catch {
    return undefined;
  }
}
