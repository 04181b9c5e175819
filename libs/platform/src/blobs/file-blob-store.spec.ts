import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { FileBlobStore } from './file-blob-store.js';

const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

describe('blobs as files', () => {
  let root: string;
  const filesLeft = () => readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'runledger-blobs-'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('come back as they were put, under the hash of their content', async () => {
    const store = new FileBlobStore(root);
    const content = Buffer.from('ledger'.repeat(50_000));
    const stored = await store.put(Readable.from([content.subarray(0, 70_000), content.subarray(70_000)]));
    expect(stored).toEqual({ sha256: sha256(content), bytes: content.length });
    expect((await buffer(await store.get(stored.sha256))).equals(content)).toBe(true);
    expect(await store.has(stored.sha256)).toBe(true);
  });

  it('take an empty blob', async () => {
    const store = new FileBlobStore(root);
    const { sha256: address } = await store.put(Buffer.alloc(0));
    expect(await buffer(await store.get(address))).toHaveLength(0);
  });

  it('keep the same content once, also when many put it at the same time', async () => {
    const store = new FileBlobStore(root);
    await Promise.all(Array.from({ length: 8 }, () => store.put(Buffer.from('same'))));
    expect(filesLeft().map(file => file.name)).toEqual([sha256('same')]);
  });

  it('are readable only by the user that runs the platform', async () => {
    const { sha256: address } = await new FileBlobStore(root).put(Buffer.from('private'));
    expect(statSync(join(root, address.slice(0, 2), address)).mode & 0o077).toBe(0);
  });

  it('are refused beyond the allowed size, which ends the source and leaves nothing', async () => {
    const store = new FileBlobStore(root);
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(1_000);
      })(),
    );
    await expect(store.put(endless, { maxBytes: 10_000 })).rejects.toMatchObject({ code: 'BLOB_TOO_LARGE' });
    expect(endless.destroyed).toBe(true);
    expect(filesLeft()).toEqual([]);
    await expect(store.put(Buffer.alloc(10_000), { maxBytes: 10_000 })).resolves.toMatchObject({ bytes: 10_000 });
  });

  it('leave nothing when their source fails', async () => {
    const failing = Readable.from(
      (async function* () {
        yield await Promise.resolve(Buffer.from('half'));
        throw new Error('connection lost');
      })(),
    );
    await expect(new FileBlobStore(root).put(failing)).rejects.toThrow('connection lost');
    expect(filesLeft()).toEqual([]);
  });

  it('that are not there are said to be missing, and an address cannot lead elsewhere', async () => {
    const store = new FileBlobStore(root);
    writeFileSync(join(root, 'secret'), 'not a blob');
    for (const address of [sha256('never stored'), '../secret', 'secret', '']) {
      await expect(store.get(address)).rejects.toMatchObject({ name: 'BlobNotFoundError', code: 'BLOB_NOT_FOUND' });
      expect(await store.has(address)).toBe(false);
    }
  });

  it('that a crashed writer left half-written are removed after a day', async () => {
    await new FileBlobStore(root).put(Buffer.from('first'));
    const [old, young] = ['old', 'young'].map(name => join(root, 'incoming', name));
    [old, young].forEach(path => writeFileSync(path ?? '', 'half'));
    utimesSync(old ?? '', new Date(0), new Date(0));
    await new FileBlobStore(root).put(Buffer.from('second'));
    expect(readdirSync(join(root, 'incoming'))).toEqual(['young']);
  });
});
