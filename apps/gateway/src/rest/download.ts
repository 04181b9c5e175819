import { BlobNotFoundError, type BlobStore } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import { RequestError } from '../graph/request-errors.js';

export interface Download {
  readonly sha256: string;
  /** Size. */
  readonly bytes: string | number;
  /** What it is saved as. */
  readonly fileName: string;
}

/** Sends content always as a download: what agents and programs wrote must not run in the reader's browser (S1). */
export async function sendDownload(reply: FastifyReply, blobs: BlobStore, download: Download): Promise<void> {
  const content = await contentOf(blobs, download);
  await reply
    .header('content-type', 'application/octet-stream')
    .header('content-length', download.bytes)
    .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(download.fileName)}`)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "sandbox; default-src 'none'")
    .header('cache-control', 'private, max-age=31536000, immutable')
    .header('etag', `"${download.sha256}"`)
    .send(content);
}

async function contentOf(blobs: BlobStore, { sha256, fileName }: Download) {
  try {
    return await blobs.get(sha256);
  } catch (cause) {
    if (!(cause instanceof BlobNotFoundError)) throw cause;
    const fix = 'It was kept for as long as its flow says; restore the blob store if that is not over.';
    throw new RequestError('NOT_FOUND', `The content of ${fileName} is gone from the blob store.`, fix, { cause });
  }
}
