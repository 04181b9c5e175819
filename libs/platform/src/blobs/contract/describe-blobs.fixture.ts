import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { BlobStores } from '../blob-store.js';

const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

/** What every blob store promises. */
export function describeBlobs(name: string, open: () => BlobStores): void {
  describe(`blobs in ${name}`, () => {
    const later = () => new Date(Date.now() + 60_000);

    it('come back as they were put, whole and in part, under the hash of their content', async () => {
      const content = Buffer.from('ledger'.repeat(50_000));
      const source = Readable.from([content.subarray(0, 70_000), content.subarray(70_000)]);
      for (const given of [source, content]) {
        const stored = await open().put(given);
        expect(stored).toEqual({ sha256: sha256(content), bytes: content.length });
      }
      const address = sha256(content);
      expect((await buffer(await open().get(address))).equals(content)).toBe(true);
      const part = await buffer(await open().get(address, { start: 100_000, end: 100_012 }));
      expect(part.toString()).toBe(content.subarray(100_000, 100_012).toString());
      expect(await open().has(address)).toBe(true);
    });

    it('may be empty', async () => {
      const stored = await open().put(Buffer.alloc(0));
      expect(await buffer(await open().get(stored.sha256))).toHaveLength(0);
    });

    it('are refused beyond the allowed size, and kept by nobody when their source fails', async () => {
      await expect(open().put(Buffer.alloc(11), { maxBytes: 10 })).rejects.toMatchObject({ code: 'BLOB_TOO_LARGE' });
      await expect(open().put(Readable.from([Buffer.alloc(11)]), { maxBytes: 10 })).rejects.toMatchObject({
        code: 'BLOB_TOO_LARGE',
      });
      const failing = Readable.from(
        (async function* () {
          yield await Promise.resolve(Buffer.from('half'));
          throw new Error('connection lost');
        })(),
      );
      await expect(open().put(failing)).rejects.toThrow('connection lost');
      expect(await open().has(sha256('half'))).toBe(false);
    });

    it('that are not there are said to be missing, and an address cannot lead elsewhere', async () => {
      for (const address of [sha256('never stored'), '../secret', 'secret', '']) {
        await expect(open().get(address)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
        expect(await open().has(address)).toBe(false);
        expect(await open().area('artifacts').keep(address)).toBe(false);
      }
    });

    it('of one area are not those of another', async () => {
      const { sha256: address } = await open().area('artifacts').put(Buffer.from('mine'));
      expect(await Promise.all([open().has(address), open().area('snapshots').has(address)])).toEqual([false, false]);
    });

    it('are removed by a sweep when nothing needs them, and stay when something does or they are young', async () => {
      const area = open().area('snapshots');
      const [old, needed] = [await area.put(Buffer.from('old')), await area.put(Buffer.from('needed'))];
      const young = await area.sweep({ unusedSince: new Date(Date.now() - 60_000), isNeeded: () => false });
      expect(young).toMatchObject({ removed: 0 });
      const swept = await area.sweep({ unusedSince: later(), isNeeded: address => address === needed.sha256 });
      expect(swept).toMatchObject({ removed: 1, removedBytes: 3, left: 1, leftBytes: 6 });
      expect(await Promise.all([area.has(old.sha256), area.keep(old.sha256), area.keep(needed.sha256)])).toEqual([
        false,
        false,
        true,
      ]);
    });

    it('can be put by many and swept at the same time: what was put last is there', async () => {
      const area = open().area('artifacts');
      const put = () => area.put(Buffer.from('contested'));
      for (let round = 0; round < 5; round += 1) {
        await Promise.all([put(), area.sweep({ unusedSince: new Date(0), isNeeded: () => false }), put()]);
        expect(await area.has(sha256('contested'))).toBe(true);
      }
    });
  });
}
