import type { SweptBlobStore } from '@runledger/platform';
import { hash } from 'node:crypto';
import type { Piece } from './snapshot-format.js';

type Placed = { -readonly [Key in keyof Piece]: Piece[Key] };

/** A pack ends here at the latest, and between the two where its content says so. */
const MOST_BYTES = 16_777_216;
const LEAST_BYTES = 2_097_152;
const ENDS_ONE_IN = 8;

/**
 * Puts new pieces of content together into packs, one blob each: thousands of small blobs would take a sync to disk, or a request,
 * each. Content that is known lies where it lies. Where a pack ends depends on what is in it and not on what came before, so
 * that two runs that begin from the same files share most of their packs.
 */
export class PackWriter {
  /** Stored that was not there before. */
  newBytes = 0;
  #open: Placed[] = [];
  #content: Buffer[] = [];
  #bytes = 0;
  #storing: Promise<void> = Promise.resolve();

  constructor(
    private readonly blobs: SweptBlobStore,
    /** Pieces by their content. */
    private readonly known: Map<string, Piece>,
  ) {}

  /** Takes the buffer over. The piece knows its pack when `close` has resolved. */
  async add(content: Buffer): Promise<Piece> {
    const sha256 = hash('sha256', content);
    const known = this.known.get(sha256);
    if (known) return known;
    const piece: Placed = { pack: '', offset: this.#bytes, bytes: content.length, sha256 };
    this.known.set(sha256, piece);
    this.#open.push(piece);
    this.#content.push(content);
    this.#bytes += content.length;
    const ends = this.#bytes >= LEAST_BYTES && Number.parseInt(sha256.slice(0, 4), 16) % ENDS_ONE_IN === 0;
    if (ends || this.#bytes >= MOST_BYTES) await this.#end();
    return piece;
  }

  async close(): Promise<void> {
    await this.#end();
    await this.#storing;
  }

  /** One pack is stored while the next one is filled. */
  async #end(): Promise<void> {
    await this.#storing;
    if (this.#open.length === 0) return;
    const [pieces, pack] = [this.#open, Buffer.concat(this.#content)];
    this.#open = [];
    this.#content = [];
    this.#bytes = 0;
    const sha256 = hash('sha256', pack);
    for (const piece of pieces) piece.pack = sha256;
    this.#storing = this.#store(sha256, pack);
    this.#storing.catch(() => undefined); // whoever waits for it next is told
  }

  async #store(sha256: string, pack: Buffer): Promise<void> {
    if (await this.blobs.keep(sha256)) return;
    await this.blobs.put(pack);
    this.newBytes += pack.length;
  }
}
