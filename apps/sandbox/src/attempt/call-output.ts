import { ToolOutput } from '@runledger/contracts';
import type { BlobRef } from '@runledger/contracts';
import type { BlobStore } from '@runledger/platform';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { RecordedOutput } from './recorded-output.js';
import { headOf, tailOf } from './storable-text.js';
import type { Transcript } from './transcript.js';

/** Longer outputs go to the blob store; the event then keeps their head and tail. */
const INLINE_BYTES = 65_536;
const HALF = INLINE_BYTES / 2;
/** How much of one call's output is shown while it runs; the rest is in the blob when it ends. */
export const LIVE_CHARS = 1_048_576;

type Channel = 'stdout' | 'stderr';

export interface WholeOutput {
  /** Whole when small, else head and tail around a note. */
  readonly output: string;
  readonly outputBlob?: BlobRef;
}

/** A text that is there at once, as a call's end keeps it. */
export async function wholeText(blobs: BlobStore, text: string): Promise<WholeOutput> {
  const bytes = Buffer.from(text);
  if (bytes.length <= INLINE_BYTES) return { output: text };
  return { output: shortened(text, text, bytes.length), outputBlob: await blobs.put(Readable.from([bytes])) };
}

function shortened(head: string, tail: string, bytes: number): string {
  return `${headOf(head, HALF)}\n… ${bytes} bytes in all; the middle is left out here …\n${tailOf(tail, HALF)}`;
}

/** Takes one call's output as it comes: shows it in the transcript, and keeps it whole for the call's end. */
export class CallOutput {
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  readonly #tails = { stdout: '', stderr: '' };
  readonly #small: Buffer[] = [];
  #bytes = 0;
  #head = '';
  #tail = '';
  #spool: PassThrough | undefined;
  #stored: Promise<BlobRef> | undefined;

  constructor(
    private readonly callId: string,
    private readonly transcript: Transcript,
    private readonly blobs: BlobStore,
    private readonly recorded: RecordedOutput = new RecordedOutput(),
  ) {}

  async take(channel: Channel, chunk: Buffer): Promise<void> {
    const text = this.#decoders[channel].write(chunk);
    this.#remember(channel, text);
    await this.#keep(chunk);
    await this.#show(channel, text);
  }

  /** The last characters of one channel, at most 8,192. */
  tail(channel: Channel): string {
    return this.#tails[channel];
  }

  async finish(): Promise<WholeOutput> {
    for (const channel of ['stdout', 'stderr'] as const) {
      const rest = this.#decoders[channel].end();
      this.#remember(channel, rest);
      await this.#show(channel, rest);
    }
    if (!this.#spool || !this.#stored) return { output: Buffer.concat(this.#small).toString('utf8') };
    this.#spool.end();
    const outputBlob = await this.#stored;
    return { output: shortened(this.#head, this.#tail, this.#bytes), outputBlob };
  }

  /** Ends without a result: what was spooled is let go. */
  discard(): void {
    this.#spool?.destroy();
  }

  #remember(channel: Channel, text: string): void {
    this.#tails[channel] = tailOf(this.#tails[channel] + text, 8_192);
    if (this.#head.length < HALF) this.#head += headOf(text, HALF);
    this.#tail = tailOf(this.#tail + text, HALF);
  }

  async #keep(chunk: Buffer): Promise<void> {
    this.#bytes += chunk.length;
    if (!this.#spool) {
      this.#small.push(chunk);
      if (this.#bytes <= INLINE_BYTES) return;
      return this.#startSpool();
    }
    await this.#write(this.#spool, chunk);
  }

  async #startSpool(): Promise<void> {
    const spool = new PassThrough();
    this.#spool = spool;
    this.#stored = this.blobs.put(spool);
    // Awaited in `finish`; until then a failure only stops the spool, so that nobody waits for a drain that never comes.
    this.#stored.catch((error: unknown) => spool.destroy(error instanceof Error ? error : undefined));
    for (const chunk of this.#small.splice(0)) await this.#write(spool, chunk);
  }

  async #write(spool: PassThrough, chunk: Buffer): Promise<void> {
    if (spool.destroyed || spool.write(chunk)) return;
    const settled = new AbortController();
    const { signal } = settled;
    // A spool that fails says so in `finish`; here it only must not keep the call waiting.
    await Promise.race([once(spool, 'drain', { signal }), once(spool, 'close', { signal })]).catch(() => undefined);
    settled.abort();
  }

  async #show(channel: Channel, text: string): Promise<void> {
    const fresh = this.recorded.unseen(channel, text);
    if (fresh === '' || this.recorded.length >= LIVE_CHARS) return;
    const shown = headOf(fresh, LIVE_CHARS - this.recorded.length);
    this.recorded.shown(channel, shown);
    const { callId, transcript } = this;
    await transcript.addText(shown, piece =>
      ToolOutput({ ...transcript.place, callId, channel, text: piece, at: transcript.now() }),
    );
  }
}
