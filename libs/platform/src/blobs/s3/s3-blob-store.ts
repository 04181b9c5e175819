import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { RetryableError } from '@runledger/kernel';
import { hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isBlobAddress } from '../blob-address.js';
import { BlobNotFoundError, BlobTooLargeError } from '../blob-errors.js';
import type { BlobArea, BlobRange, BlobStores, Sweep, SweepReport, SweptBlobStore } from '../blob-store.js';
import { writeDurably } from '../durable-file.js';
import type { S3BlobSettings } from './s3-settings.js';

/** An object that was stored or touched more recently needs no touch. */
const FRESH_MS = 21_600_000;

/** The store does not answer, or not as it should; it is worth another try. */
export class BlobStoreAwayError extends RetryableError {
  constructor(bucket: string, cause: unknown) {
    super(
      'BLOB_STORE_AWAY',
      `The bucket ${bucket} cannot be used: ${cause instanceof Error ? cause.message : 'no answer'}.`,
      {
        cause,
        fields: { bucket },
      },
    );
  }
}

/** Blobs as objects of any store that speaks S3: `<prefix><area>/<sha256>`. An object's time says when it was last needed. */
export class S3BlobStore implements BlobStores, SweptBlobStore {
  readonly #client: S3Client;
  readonly #settings: S3BlobSettings;
  readonly #place: string;

  constructor(settings: S3BlobSettings, shared?: { readonly client: S3Client; readonly place: string }) {
    this.#settings = settings;
    this.#client = shared?.client ?? clientOf(settings);
    this.#place = shared?.place ?? `${settings.prefix}outputs/`;
  }

  area(name: BlobArea): SweptBlobStore {
    return new S3BlobStore(this.#settings, { client: this.#client, place: `${this.#settings.prefix}${name}/` });
  }

  /** A stream goes through a file on this machine first: its address is not known before its end. */
  async put(
    content: Readable | Buffer,
    { maxBytes = Infinity }: { readonly maxBytes?: number } = {},
  ): Promise<{ sha256: string; bytes: number }> {
    if (!Buffer.isBuffer(content)) return this.#putStream(content, maxBytes);
    if (content.length > maxBytes) throw new BlobTooLargeError(maxBytes);
    const written = { sha256: hash('sha256', content), bytes: content.length };
    const command = new PutObjectCommand({ ...this.#object(written.sha256), Body: content });
    if (!(await this.keep(written.sha256))) await this.#said(this.#client.send(command));
    return written;
  }

  async get(sha256: string, range?: BlobRange): Promise<Readable> {
    const Range = range && `bytes=${range.start}-${range.end - 1}`;
    const command = new GetObjectCommand({ ...this.#object(sha256), ...(Range && { Range }) });
    const found = await this.#unlessAbsent(this.#client.send(command));
    if (!found) throw new BlobNotFoundError(sha256);
    return found.Body as Readable;
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.#lastNeeded(sha256)) !== undefined;
  }

  async keep(sha256: string): Promise<boolean> {
    const needed = await this.#lastNeeded(sha256);
    if (needed === undefined) return false;
    if (Date.now() - needed.getTime() < FRESH_MS) return true;
    const { Bucket, Key } = this.#object(sha256);
    const touch = { Bucket, Key, CopySource: `${Bucket}/${Key}`, MetadataDirective: 'REPLACE' } as const;
    return (await this.#unlessAbsent(this.#client.send(new CopyObjectCommand(touch)))) !== undefined;
  }

  /** S3 cannot remove on a condition: who keeps a blob within the milliseconds between the last look and its removal loses it. */
  async sweep(sweep: Sweep): Promise<SweepReport> {
    const { unusedSince } = sweep;
    const report = { removed: 0, removedBytes: 0, left: 0, leftBytes: 0 };
    for await (const { sha256, bytes, needed } of this.#all()) {
      const goes =
        needed < unusedSince && !(await sweep.isNeeded(sha256)) && (await this.#isUnused(sha256, unusedSince));
      if (goes) await this.#said(this.#client.send(new DeleteObjectCommand(this.#object(sha256))));
      report[goes ? 'removed' : 'left'] += 1;
      report[goes ? 'removedBytes' : 'leftBytes'] += bytes;
    }
    return report;
  }

  async #isUnused(sha256: string, since: Date): Promise<boolean> {
    const needed = await this.#lastNeeded(sha256);
    return needed !== undefined && needed < since;
  }

  async *#all(): AsyncGenerator<{ sha256: string; bytes: number; needed: Date }> {
    const { bucket } = this.#settings;
    for (let token: string | undefined, more = true; more;) {
      const asked = { Bucket: bucket, Prefix: this.#place, ...(token && { ContinuationToken: token }) };
      const page = await this.#said(this.#client.send(new ListObjectsV2Command(asked)));
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        const sha256 = Key.slice(this.#place.length);
        if (isBlobAddress(sha256) && LastModified) yield { sha256, bytes: Size, needed: LastModified };
      }
      token = page.NextContinuationToken;
      more = page.IsTruncated === true && token !== undefined;
    }
  }

  async #putStream(content: Readable, maxBytes: number): Promise<{ sha256: string; bytes: number }> {
    const spool = join(tmpdir(), `runledger-blob-${randomUUID()}`);
    try {
      const written = await writeDurably(spool, content, maxBytes);
      if (await this.keep(written.sha256)) return written;
      const params = { ...this.#object(written.sha256), Body: createReadStream(spool) };
      await this.#said(new Upload({ client: this.#client, params }).done());
      return written;
    } finally {
      await rm(spool, { force: true });
    }
  }

  async #lastNeeded(sha256: string): Promise<Date | undefined> {
    if (!isBlobAddress(sha256)) return undefined;
    const found = await this.#unlessAbsent(this.#client.send(new HeadObjectCommand(this.#object(sha256))));
    return found && (found.LastModified ?? new Date(0));
  }

  #object(sha256: string): { readonly Bucket: string; readonly Key: string } {
    if (!isBlobAddress(sha256)) throw new BlobNotFoundError(sha256);
    return { Bucket: this.#settings.bucket, Key: `${this.#place}${sha256}` };
  }

  async #unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw new BlobStoreAwayError(this.#settings.bucket, error);
    }
  }

  async #said<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw new BlobStoreAwayError(this.#settings.bucket, error);
    }
  }
}

function clientOf({ endpoint, region, credentials, pathStyle }: S3BlobSettings): S3Client {
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    forcePathStyle: pathStyle,
    // Stores that are not Amazon's may keep the checksum as part of the content.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

function isAbsent(error: unknown): boolean {
  const { name, $metadata } = error as S3ServiceException;
  return name === 'NoSuchKey' || (name === 'NotFound' && $metadata.httpStatusCode === 404);
}
