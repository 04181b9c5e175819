export { BlobNotFoundError, BlobTooLargeError } from './blob-errors.js';
export type { BlobArea, BlobRange, BlobStore, BlobStores, Sweep, SweepReport, SweptBlobStore } from './blob-store.js';
export { FileBlobStore } from './file-blob-store.js';
export { openBlobs } from './open-blobs.js';
export type { BlobSettings } from './open-blobs.js';
export type { S3BlobSettings } from './s3/s3-settings.js';
