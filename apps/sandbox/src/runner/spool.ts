import {
  closeSync,
  existsSync,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { AttemptEntry } from '../attempt/attempt.decider.js';
import { later } from './later.js';
import type { SpooledBatch } from './runner-protocol.js';

const syncData = promisify(fdatasync);
const SEGMENT_BYTES = 1_048_576;

interface Kept {
  readonly seq: number;
  readonly segment: Segment;
  readonly at: number;
  readonly bytes: number;
}

interface Segment {
  readonly path: string;
  readonly descriptor: number;
  bytes: number;
}

/**
 * What a runner has to say and nobody has acknowledged: batches of entries, counted from 1, as lines of JSON in segments of about
 * a megabyte, `<number of its first batch>.ndjson`. Segments that were heard are removed. With too much unheard, whoever adds
 * waits. The files are complete after each batch, whatever becomes of the process.
 */
export class Spool {
  #kept: Kept[] = [];
  #segment: Segment | undefined;
  #lastSeq = 0;
  #unheardBytes = 0;
  #changed = later();

  constructor(
    private readonly directory: string,
    private readonly mostBytes: number,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Resolves when there is room for the next one. */
  async add(entries: readonly AttemptEntry[]): Promise<void> {
    const seq = this.#lastSeq + 1;
    const line = Buffer.from(`${JSON.stringify({ seq, entries })}\n`);
    const segment = this.#segmentFor(seq);
    writeWhole(segment.descriptor, line);
    this.#kept.push({ seq, segment, at: segment.bytes, bytes: line.length });
    segment.bytes += line.length;
    this.#lastSeq = seq;
    this.#unheardBytes += line.length;
    this.#tellChange();
    while (this.#unheardBytes > this.mostBytes) await this.#changed.promise;
  }

  /** What was added outlives a crash of the machine. */
  async settle(): Promise<void> {
    if (this.#segment) await syncData(this.#segment.descriptor);
  }

  /** The line of the batch after `seq`; undefined when there is none yet. */
  after(seq: number): SpooledBatch | undefined {
    const kept = this.#kept.find(batch => batch.seq > seq);
    if (!kept) return undefined;
    const line = Buffer.alloc(kept.bytes);
    readSync(kept.segment.descriptor, line, 0, kept.bytes, kept.at);
    return JSON.parse(line.toString('utf8')) as SpooledBatch;
  }

  /** Resolves at the next change. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Everything up to `seq` was heard. */
  acknowledge(seq: number): void {
    const heard = this.#kept.filter(batch => batch.seq <= seq);
    if (heard.length === 0) return;
    this.#kept = this.#kept.slice(heard.length);
    for (const { bytes } of heard) this.#unheardBytes -= bytes;
    const needed = new Set(this.#kept.map(({ segment }) => segment));
    for (const segment of new Set(heard.map(batch => batch.segment))) {
      if (!needed.has(segment) && segment !== this.#segment) discard(segment);
    }
    this.#tellChange();
  }

  #segmentFor(seq: number): Segment {
    if (this.#segment && this.#segment.bytes < SEGMENT_BYTES) return this.#segment;
    const full = this.#segment;
    const path = `${this.directory}/${String(seq).padStart(12, '0')}.ndjson`;
    this.#segment = { path, descriptor: openSync(path, 'a+', 0o600), bytes: 0 };
    if (full && !this.#kept.some(({ segment }) => segment === full)) discard(full);
    return this.#segment;
  }

  /** Lets those who wait for a change look again. */
  wake(): void {
    this.#tellChange();
  }

  #tellChange(): void {
    const { resolve } = this.#changed;
    this.#changed = later();
    resolve();
  }
}

/** What a runner that is gone has left unheard, in order. The last line may be half a one: then it was never said. */
export function* leftInSpool(directory: string): Generator<SpooledBatch> {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory).sort()) {
    for (const line of readFileSync(`${directory}/${name}`, 'utf8').split('\n').slice(0, -1)) {
      yield JSON.parse(line) as SpooledBatch;
    }
  }
}

function discard({ path, descriptor }: Segment): void {
  closeSync(descriptor);
  rmSync(path, { force: true });
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
}
