import type { Readable } from 'node:stream';

/** Bytes of a blob, from the first up to but not including `end`. */
export interface BlobRange {
  readonly start: number;
  readonly end: number;
}

/** Content kept outside the log; immutable, addressed by its SHA-256 (lower-case hex). */
export interface BlobStore {
  /** Stores a stream or bytes and answers with its address. Storing the same content again is harmless. */
  put(content: Readable | Buffer, options?: { readonly maxBytes?: number }): Promise<{ sha256: string; bytes: number }>;
  /** Throws `BlobNotFoundError`. */
  get(sha256: string, range?: BlobRange): Promise<Readable>;
  has(sha256: string): Promise<boolean>;
}

/** Parts of the store with a life of their own: files that runs kept, and workspaces as they were between steps. */
export const BLOB_AREAS = ['artifacts', 'snapshots'] as const;
export type BlobArea = (typeof BLOB_AREAS)[number];

/** The whole store: big outputs and evidence, which live as long as the log, and the areas. */
export interface BlobStores extends BlobStore {
  /** Blobs beside these, which are removed once nothing needs them. */
  area(name: BlobArea): SweptBlobStore;
}

/** Which blobs may go. */
export interface Sweep {
  /** Blobs that were stored or kept since then stay: whoever did may not have written down yet what they are for. */
  readonly unusedSince: Date;
  /** Whether anything that is written down needs the blob. */
  isNeeded(sha256: string): boolean | Promise<boolean>;
}

export interface SweepReport {
  readonly removed: number;
  readonly removedBytes: number;
  readonly left: number;
  readonly leftBytes: number;
}

/**
 * Blobs of which some are removed again. Writers and sweepers need not agree on anything but time: a blob that was stored, or
 * that `keep` said yes for, is safe from every sweep whose `unusedSince` is not later than that.
 */
export interface SweptBlobStore extends BlobStore {
  /** Says that a blob is used again. False: it is not there, or was just removed; store it again. */
  keep(sha256: string): Promise<boolean>;
  sweep(sweep: Sweep): Promise<SweepReport>;
}
