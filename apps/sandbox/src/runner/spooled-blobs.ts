import type { BlobStore } from '@runledger/platform';
import { createWriteStream, rmSync, writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ServicePorts } from './service-ports.js';

/** Puts blobs beside the runner, from where the service takes them into its store: only that one has a key to it. */
export class SpooledBlobs implements BlobStore {
  #count = 0;

  constructor(
    private readonly directory: string,
    private readonly ports: ServicePorts,
  ) {}

  async put(content: Readable | Buffer): Promise<{ sha256: string; bytes: number }> {
    this.#count += 1;
    const name = String(this.#count);
    const path = `${this.directory}/${name}`;
    if (Buffer.isBuffer(content)) writeFileSync(path, content, { mode: 0o600 });
    else await pipeline(content, createWriteStream(path, { mode: 0o600 }));
    const kept = await this.ports.call({ port: 'blobs', method: 'take', args: [name] });
    rmSync(path, { force: true });
    return kept as { sha256: string; bytes: number };
  }

  /** Nothing in the work of an attempt reads from the store. */
  get(): Promise<Readable> {
    return Promise.reject(new TypeError('A runner only puts blobs.'));
  }

  has(): Promise<boolean> {
    return Promise.resolve(false);
  }
}
