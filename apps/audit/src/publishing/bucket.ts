import { createHash } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { RetryableError } from '@runledger/kernel';
import type { SignedCheckpoint } from '../checkpoint/checkpoint-desk.js';
import { LATEST, nameOf, PublishedDifferentlyError, signedText } from './place.js';
import type { Place } from './place.js';

/** Holds a secret: never log it. */
export interface BucketSettings {
  readonly region: string;
  /** Left out: Amazon's. */
  readonly endpoint?: string;
  /** Left out: what the machine or its environment gives. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** How long nobody can remove or change a checkpoint, not even the owner of the bucket. */
  readonly retainDays: number;
}

const ANSWERS_WITHIN_MS = 10_000;
const DAY_MS = 86_400_000;

/**
 * An object for each checkpoint under an object lock in compliance mode: until its time is over nobody takes it away, whoever has the
 * keys. `latest.checkpoint` is not locked, so that it can be written anew.
 */
export class Bucket implements Place {
  readonly name: string;
  readonly #client: S3Client;
  readonly #at: { readonly Bucket: string; readonly prefix: string };

  constructor(
    address: string,
    private readonly settings: BucketSettings,
  ) {
    const { hostname, pathname } = new URL(address);
    const prefix = pathname.replace(/^\/+|\/+$/g, '');
    this.#at = { Bucket: hostname, prefix: prefix === '' ? '' : `${decodeURIComponent(prefix)}/` };
    this.name = `s3://${hostname}/${this.#at.prefix}`;
    const { region, endpoint, credentials } = settings;
    this.#client = new S3Client({
      ...{ region, maxAttempts: 2, requestChecksumCalculation: 'WHEN_REQUIRED' },
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      ...(credentials && { credentials }),
    });
  }

  async keep({ size, note }: SignedCheckpoint): Promise<void> {
    const there = await this.#read(nameOf(size));
    // After a change of keys the same text is signed anew; what was signed must be the same.
    if (there !== undefined && signedText(there) !== signedText(note))
      throw new PublishedDifferentlyError(this.name, size);
    if (there === undefined) await this.#put(nameOf(size), note, this.#lock());
    await this.#put(LATEST, note);
  }

  last(): Promise<string | undefined> {
    return this.#read(LATEST);
  }

  #lock(): Partial<PutObjectCommandInput> {
    const until = new Date(Date.now() + this.settings.retainDays * DAY_MS);
    // Stores that know of conditions refuse to write over what another process has put there meanwhile.
    return { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until, IfNoneMatch: '*' };
  }

  async #put(name: string, note: string, lock: Partial<PutObjectCommandInput> = {}): Promise<void> {
    const { Bucket, prefix } = this.#at;
    // A lock is taken only with a checksum beside it.
    const ContentMD5 = createHash('md5').update(note).digest('base64');
    const object = {
      Bucket,
      Key: `${prefix}${name}`,
      Body: note,
      ContentType: 'text/plain; charset=utf-8',
      ContentMD5,
    };
    await this.#client.send(new PutObjectCommand({ ...object, ...lock }), this.#patience()).catch((cause: unknown) => {
      throw this.#away('written to', cause);
    });
  }

  async #read(name: string): Promise<string | undefined> {
    const { Bucket, prefix } = this.#at;
    try {
      const found = await this.#client.send(
        new GetObjectCommand({ Bucket, Key: `${prefix}${name}` }),
        this.#patience(),
      );
      return await found.Body?.transformToString();
    } catch (error) {
      if ((error as Error).name === 'NoSuchKey') return undefined;
      throw this.#away('read from', error);
    }
  }

  #patience() {
    return { abortSignal: AbortSignal.timeout(ANSWERS_WITHIN_MS) };
  }

  #away(what: string, cause: unknown): RetryableError {
    const why = cause instanceof Error ? cause.message : 'no answer';
    return new RetryableError('NOT_PUBLISHED', `The checkpoint could not be ${what} ${this.name}: ${why}`, { cause });
  }
}
