import { Fault } from '@runledger/kernel';

/** No blob has this address: it was never stored, or the blob folder is not the one that it was stored in. */
export class BlobNotFoundError extends Fault {
  constructor(sha256: string, cause?: unknown) {
    super(
      'BLOB_NOT_FOUND',
      `There is no blob ${sha256.slice(0, 80)}; was the blob folder moved or restored without it?`,
      {
        cause,
        fields: { sha256 },
      },
    );
  }
}

/** The content is larger than the caller allows; nothing of it was kept. */
export class BlobTooLargeError extends Fault {
  constructor(maxBytes: number) {
    super('BLOB_TOO_LARGE', `The content has more than ${maxBytes} bytes; make it smaller or raise the limit.`, {
      fields: { maxBytes },
    });
  }
}
