import { fileURLToPath } from 'node:url';
import { Bucket } from './bucket.js';
import type { BucketSettings } from './bucket.js';
import { Directory } from './directory.js';
import { Mailbox } from './mailbox.js';
import type { MailSettings } from './mailbox.js';
import type { Place } from './place.js';
import { Webhook } from './webhook.js';

/** How places are reached that an address alone does not say. Holds secrets: never log it. */
export interface PlaceSettings {
  readonly bucket?: BucketSettings;
  readonly mail?: MailSettings;
}

/** An address needs settings that are missing. The configuration refuses it beforehand. */
class PlaceUnusableError extends TypeError {}

/**
 * `file:` addresses name a directory, best one that is mounted to take no changes; `s3:` ones a bucket that keeps what it has;
 * `mailto:` ones a person; `http(s):` ones are posted to.
 */
export function placeAt(address: string, { bucket, mail }: PlaceSettings = {}): Place {
  const { protocol } = new URL(address);
  switch (protocol) {
    case 'file:':
      return new Directory(fileURLToPath(address));
    case 's3:':
      if (!bucket) throw new PlaceUnusableError('Nothing says how buckets are reached.');
      return new Bucket(address, bucket);
    case 'mailto:':
      if (!mail) throw new PlaceUnusableError('Nothing says how mail is sent.');
      return new Mailbox(address, mail);
    default:
      return new Webhook(address);
  }
}
