import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UidSlots } from './uid-slots.js';

describe('uids of sandboxes', () => {
  let base: string;
  const sandboxes = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const path = join(base, `sandbox-${index}`);
      mkdirSync(path);
      return path;
    });
  const slotsOf = (count: number) => new UidSlots(join(base, 'slots'), { first: 300_000, count });
  const slot = (name: string) => join(base, 'slots', name);
  const taken = () => [...new Set(readdirSync(join(base, 'slots')).map(name => name.split('.')[0]))];
  beforeEach(() => (base = mkdtempSync(join(tmpdir(), 'runledger-uids-'))));
  afterEach(() => rmSync(base, { recursive: true }));

  it('are held by one live sandbox each, until it is gone', async () => {
    const [one, two, three] = sandboxes(3) as [string, string, string];
    const slots = slotsOf(2);
    expect([await slots.take(one), await slots.take(two)]).toEqual([300_000, 300_001]);
    expect(await slots.take(one, 300_000)).toBe(300_000);
    await expect(slots.take(three)).rejects.toThrow(/all 2 sandbox uids/);
    rmSync(two, { recursive: true });
    expect(await slots.take(three)).toBe(300_001);
    slots.free(300_000, two);
    await expect(slots.take(two)).rejects.toThrow(/in use/);
    slots.free(300_000, one);
    mkdirSync(two);
    expect(await slots.take(two)).toBe(300_000);
    rmSync(three, { recursive: true });
    slots.sweep();
    expect(taken()).toEqual(['300000']);
    slots.free(300_000, two);
    expect(readdirSync(join(base, 'slots'))).toEqual([]);
  });

  it('are given back to a sandbox that lost its own to another', async () => {
    const [one, two] = sandboxes(2) as [string, string];
    const slots = slotsOf(2);
    expect(await slots.take(two)).toBe(300_000);
    expect(await slots.take(one, 300_000)).toBe(300_001);
  });

  it('are marked once by each process, however often it opens a sandbox', async () => {
    const [one] = sandboxes(1) as [string];
    const slots = slotsOf(2);
    for (let opened = 0; opened < 5; opened += 1) expect(await slots.take(one, 300_000)).toBe(300_000);
    expect(await slotsOf(2).take(one, 300_000)).toBe(300_000);
    expect(readdirSync(join(base, 'slots'))).toHaveLength(3); // the slot, and a claim of each process
  });

  it('are not given away when nobody but a process that has just died spoke for them', async () => {
    const [one, two] = sandboxes(2) as [string, string];
    await slotsOf(2).take(one);
    unlinkSync(slot('300000')); // before it was there
    expect(await slotsOf(2).take(two)).toBe(300_001);
    rmSync(one, { recursive: true });
    expect(await slotsOf(1).take(two)).toBe(300_000);
  });

  it('are left by whoever finds the claim of another, even when nobody has the slot yet', async () => {
    const [one, two] = sandboxes(2) as [string, string];
    const slots = slotsOf(2);
    mkdirSync(join(base, 'slots'));
    symlinkSync(one, slot('300000.by-one'));
    expect(await slots.take(two, 300_000)).toBe(300_001);
    expect(readdirSync(join(base, 'slots')).filter(name => name.startsWith('300000'))).toEqual(['300000.by-one']);
    expect(await slots.take(one, 300_000)).toBe(300_000);
  });

  it('are tried for again beside whatever else the process does', async () => {
    const [one, two] = sandboxes(2) as [string, string];
    mkdirSync(join(base, 'slots'));
    symlinkSync(one, slot('300000.by-one'));
    let turns = 0;
    const other = setInterval(() => (turns += 1), 1);
    expect(await slotsOf(2).take(two, 300_000)).toBe(300_001);
    clearInterval(other);
    expect(turns).toBeGreaterThan(0);
  });

  it('are given to one each of those that one process asks for at the same moment', async () => {
    const [other, ...asking] = sandboxes(5) as [string, ...string[]];
    mkdirSync(join(base, 'slots'));
    symlinkSync(other, slot('300000.by-other')); // so that each has to try again
    const slots = slotsOf(5);
    const given = await Promise.all(asking.map(sandbox => slots.take(sandbox, 300_000)));
    expect(given.toSorted()).toEqual([300_001, 300_002, 300_003, 300_004]);
  });

  describe('beside services of earlier versions', () => {
    it('are left to the sandboxes of those, and kept from them', async () => {
      const [theirs, ours] = sandboxes(2) as [string, string];
      mkdirSync(join(base, 'slots'));
      symlinkSync(theirs, slot('300000'));
      expect(await slotsOf(3).take(ours)).toBe(300_001);
      expect(readlinkSync(slot('300001'))).toBe(ours);
      expect(await slotsOf(3).take(theirs, 300_000)).toBe(300_000);
    });

    it.each(['ours', 'theirs'])(
      'are not given a second time while one of those has the slot aside: %s',
      async whose => {
        const [one, two] = sandboxes(2) as [string, string];
        const slots = slotsOf(3);
        if (whose === 'ours') await slots.take(one);
        else slots.free(await slots.take(one), one);
        if (whose === 'theirs') symlinkSync(one, slot('300000'));
        renameSync(slot('300000'), slot('300000.4711')); // it has seen a stale one a moment ago
        expect(await slots.take(two)).toBe(300_001);
        renameSync(slot('300000.4711'), slot('300000'));
        expect(await slots.take(one, 300_000)).toBe(300_000);
      },
    );

    it('are found free again when one of those died while it had the slot aside', async () => {
      const [one, two] = sandboxes(2) as [string, string];
      mkdirSync(join(base, 'slots'));
      symlinkSync(one, slot('300000.4711'));
      await expect(slotsOf(1).take(two)).rejects.toThrow(/in use/);
      rmSync(one, { recursive: true });
      expect(await slotsOf(1).take(two)).toBe(300_000);
      slotsOf(1).sweep();
      expect(taken()).toEqual(['300000']);
    });
  });
});
