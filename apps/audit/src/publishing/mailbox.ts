import { RetryableError } from '@runledger/kernel';
import { createTransport } from 'nodemailer';
import type { SignedCheckpoint } from '../checkpoint/checkpoint-desk.js';
import { mailAddressIn } from './mail-address.js';
import { nameOf } from './place.js';
import type { Place } from './place.js';

/** Holds a secret: never log it. */
export interface MailSettings {
  /** `smtp(s)://user:password@host:port`. */
  readonly smtp: string;
  readonly from: string;
  /** A person reads them: not each one is worth a letter. */
  readonly atMostEveryMs: number;
}

const ANSWERS_WITHIN_MS = 10_000;

/** A letter for each checkpoint, with the note as its text and attached as a file. What a mailbox keeps cannot be read from here. */
export class Mailbox implements Place {
  readonly name: string;
  readonly atMostEveryMs: number;
  readonly #to: string;

  constructor(
    address: string,
    private readonly settings: MailSettings,
  ) {
    this.#to = mailAddressIn(address);
    this.name = `mailto:${this.#to}`;
    this.atMostEveryMs = settings.atMostEveryMs;
  }

  async keep({ size, note }: SignedCheckpoint): Promise<void> {
    const timeouts = { connectionTimeout: ANSWERS_WITHIN_MS, greetingTimeout: ANSWERS_WITHIN_MS };
    const post = createTransport({ url: this.settings.smtp, ...timeouts, socketTimeout: ANSWERS_WITHIN_MS });
    const [origin = ''] = note.split('\n');
    const text = `Keep this: it says what the log was. Later the log must continue it.\n\n${note}`;
    // To the byte: what is signed is not to be wrapped or encoded on its way.
    const file = { filename: nameOf(size), content: note, contentType: 'text/plain; charset=utf-8' };
    const attachments = [{ ...file, contentTransferEncoding: 'base64' as const }];
    const letter = {
      from: this.settings.from,
      to: this.#to,
      subject: `Checkpoint of ${origin}: ${size} entries`,
      text,
      attachments,
    };
    try {
      await post.sendMail(letter);
    } catch (cause) {
      throw new RetryableError('NOT_PUBLISHED', `The checkpoint could not be sent to ${this.name}.`, { cause });
    } finally {
      post.close();
    }
  }

  last(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}
