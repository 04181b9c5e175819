import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { describeBlobs } from '../contract/describe-blobs.fixture.js';
import { FileBlobStore } from '../file-blob-store.js';
import { S3BlobStore } from './s3-blob-store.js';
import type { S3BlobSettings } from './s3-settings.js';

const directory = mkdtempSync(join(tmpdir(), 'runledger-s3-'));
const server = new S3rver({
  port: 0,
  address: '127.0.0.1',
  silent: true,
  directory,
  configureBuckets: [{ name: 'kept', configs: [] }],
});
let settings: S3BlobSettings;

beforeAll(async () => {
  const { port } = await server.run();
  settings = {
    bucket: 'kept',
    prefix: 'runledger/',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    pathStyle: true,
  };
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

describeBlobs('a bucket', () => new S3BlobStore(settings));
describeBlobs('a directory', () => new FileBlobStore(join(directory, 'files')));

it('a bucket that does not exist is said to be unusable, and worth another try', async () => {
  const nowhere = new S3BlobStore({ ...settings, bucket: 'nowhere' });
  await expect(nowhere.put(Buffer.from('lost'))).rejects.toMatchObject({ code: 'BLOB_STORE_AWAY' });
});
