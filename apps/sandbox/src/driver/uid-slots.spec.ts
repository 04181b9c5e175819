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

  it('are held by one live sandbox each, until it is gone', () => {
    const [one, two, three] = sandboxes(3) as [string, string, string];
    const slots = slotsOf(2);
    expect([slots.take(one), slots.take(two)]).toEqual([300_000, 300_001]);
    expect(slots.take(one, 300_000)).toBe(300_000);
    expect(() => slots.take(three)).toThrow(/all 2 sandbox uids/);
    rmSync(two, { recursive: true });
    expect(slots.take(three)).toBe(300_001);
    slots.free(300_000, two);
    expect(() => slots.take(two)).toThrow(/in use/);
    slots.free(300_000, one);
    mkdirSync(two);
    expect(slots.take(two)).toBe(300_000);
    rmSync(three, { recursive: true });
    slots.sweep();
    expect(taken()).toEqual(['300000']);
    slots.free(300_000, two);
    expect(readdirSync(join(base, 'slots'))).toEqual([]);
  });

  it('are given back to a sandbox that lost its own to another', () => {
    const [one, two] = sandboxes(2) as [string, string];
    const slots = slotsOf(2);
    expect(slots.take(two)).toBe(300_000);
    expect(slots.take(one, 300_000)).toBe(300_001);
  });

  it('are marked once by each process, however often it opens a sandbox', () => {
    const [one] = sandboxes(1) as [string];
    const slots = slotsOf(2);
    for (let opened = 0; opened < 5; opened += 1) expect(slots.take(one, 300_000)).toBe(300_000);
    expect(slotsOf(2).take(one, 300_000)).toBe(300_000);
    expect(readdirSync(join(base, 'slots'))).toHaveLength(3); // the slot, and a claim of each process
  });

  it('are not given away when nobody but a process that has just died spoke for them', () => {
    const [one, two] = sandboxes(2) as [string, string];
    slotsOf(2).take(one);
    unlinkSync(slot('300000')); // before it was there
    expect(slotsOf(2).take(two)).toBe(300_001);
    rmSync(one, { recursive: true });
    expect(slotsOf(1).take(two)).toBe(300_000);
  });

  it('are left by whoever finds the claim of another, even when nobody has the slot yet', () => {
    const [one, two] = sandboxes(2) as [string, string];
    const slots = slotsOf(2);
    mkdirSync(join(base, 'slots'));
    symlinkSync(one, slot('300000.by-one'));
    expect(slots.take(two, 300_000)).toBe(300_001);
    expect(readdirSync(join(base, 'slots')).filter(name => name.startsWith('300000'))).toEqual(['300000.by-one']);
    expect(slots.take(one, 300_000)).toBe(300_000);
  });

  describe('beside services of earlier versions', () => {
    it('are left to the sandboxes of those, and kept from them', () => {
      const [theirs, ours] = sandboxes(2) as [string, string];
      mkdirSync(join(base, 'slots'));
      symlinkSync(theirs, slot('300000'));
      expect(slotsOf(3).take(ours)).toBe(300_001);
      expect(readlinkSync(slot('300001'))).toBe(ours);
      expect(slotsOf(3).take(theirs, 300_000)).toBe(300_000);
    });

    it.each(['ours', 'theirs'])('are not given a second time while one of those has the slot aside: %s', whose => {
      const [one, two] = sandboxes(2) as [string, string];
      const slots = slotsOf(3);
      if (whose === 'ours') slots.take(one);
      else slots.free(slots.take(one), one);
      if (whose === 'theirs') symlinkSync(one, slot('300000'));
      renameSync(slot('300000'), slot('300000.4711')); // it has seen a stale one a moment ago
      expect(slots.take(two)).toBe(300_001);
      renameSync(slot('300000.4711'), slot('300000'));
      expect(slots.take(one, 300_000)).toBe(300_000);
    });

    it('are found free again when one of those died while it had the slot aside', () => {
      const [one, two] = sandboxes(2) as [string, string];
      mkdirSync(join(base, 'slots'));
      symlinkSync(one, slot('300000.4711'));
      expect(() => slotsOf(1).take(two)).toThrow(/in use/);
      rmSync(one, { recursive: true });
      expect(slotsOf(1).take(two)).toBe(300_000);
      slotsOf(1).sweep();
      expect(taken()).toEqual(['300000']);
    });
  });
});
