import type { BlobStores } from './blob-store.js';
import { FileBlobStore } from './file-blob-store.js';
import type { S3BlobSettings } from './s3/s3-settings.js';

export type BlobSettings =
  { readonly kind: 'directory'; readonly root: string } | ({ readonly kind: 's3' } & S3BlobSettings);

/** The S3 client is large, and loaded only where it is used. */
export async function openBlobs(settings: BlobSettings): Promise<BlobStores> {
  if (settings.kind === 'directory') return new FileBlobStore(settings.root);
  const { S3BlobStore } = await import('./s3/s3-blob-store.js');
  return new S3BlobStore(settings);
}
