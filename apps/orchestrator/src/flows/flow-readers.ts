import { RetryableError } from '@runledger/kernel';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { DocumentFormat } from './located-document.js';
import { readFlow, type FlowReading } from './read-flow.js';

export interface ReadingOrder {
  readonly source: string;
  readonly format: DocumentFormat | undefined;
}

/** Reading takes about 3 ms for each KB; more than this would hold up whatever else the service does. */
const SMALL_CHARS = 8_000;
/** Whoever publishes one large flow may publish another. */
const KEPT_MS = 10_000;
/** A document of the largest size takes a tenth of it. */
const MOST_MEMORY_MB = 1_024;

/** The reader has died of a document; nothing else has. */
export class FlowReaderLostError extends RetryableError {
  constructor(cause: unknown) {
    super('FLOW_READER_LOST', 'The thread that reads flows has ended. Publish the flow again.', { cause });
  }
}

/** The compiled thread; undefined where the service runs from its sources, which read in their own. */
function readerProgram(): string | undefined {
  const path = fileURLToPath(new URL('flow-reader.js', import.meta.url));
  return existsSync(path) ? path : undefined;
}

/** Reads flow documents without holding up the service: large ones in a thread, one at a time. */
export class FlowReaders {
  #worker: Worker | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #rest: NodeJS.Timeout | undefined;

  constructor(private readonly program = readerProgram()) {}

  /** Throws {@link FlowReaderLostError}. */
  read({ source, format }: ReadingOrder): Promise<FlowReading> {
    const { program } = this;
    if (program === undefined || source.length <= SMALL_CHARS) return Promise.resolve(readFlow(source, format));
    const read = this.#turn.then(() => this.#inThread(program, { source, format }));
    this.#turn = read.catch(() => undefined); // whoever asked is told; the next one is read all the same
    return read;
  }

  async #inThread(program: string, order: ReadingOrder): Promise<FlowReading> {
    clearTimeout(this.#rest);
    const worker = (this.#worker ??= new Worker(program, {
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB },
    }));
    worker.ref();
    try {
      return JSON.parse(await answerOf(worker, order)) as FlowReading;
    } catch (error) {
      this.close();
      throw new FlowReaderLostError(error);
    } finally {
      worker.unref();
      this.#rest = setTimeout(() => this.close(), KEPT_MS).unref();
    }
  }

  /** Ends the thread; the next large document begins another one. */
  close(): void {
    clearTimeout(this.#rest);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}

async function answerOf(worker: Worker, order: ReadingOrder): Promise<string> {
  const over = new AbortController();
  const { signal } = over;
  worker.postMessage(order);
  try {
    // `once` fails with the thread's error, when that comes first.
    const [text] = (await Promise.race([once(worker, 'message', { signal }), ended(worker, signal)])) as [string];
    return text;
  } finally {
    over.abort();
  }
}

async function ended(worker: Worker, signal: AbortSignal): Promise<never> {
  const [code] = (await once(worker, 'exit', { signal })) as [number];
  throw new Error(`It ended with exit code ${code}.`);
}
