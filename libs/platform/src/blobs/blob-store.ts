import type { Readable } from 'node:stream';

/** Content kept outside the log; immutable, addressed by its SHA-256 (lower-case hex). Artifacts and big outputs live here. */
export interface BlobStore {
  /** Stores a stream or bytes and answers with its address. Storing the same content again is harmless. */
  put(content: Readable | Buffer, options?: { readonly maxBytes?: number }): Promise<{ sha256: string; bytes: number }>;
  /** Throws `BlobNotFoundError`. */
  get(sha256: string): Promise<Readable>;
  has(sha256: string): Promise<boolean>;
}
