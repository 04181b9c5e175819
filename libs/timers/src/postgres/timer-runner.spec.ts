import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_RETRY, SILENT } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import { eventually } from '@runledger/testing';
import { defineTimer } from '../port.js';
import type { Firing, TimerKind } from '../port.js';
import { TimerRunner } from './timer-runner.js';
import type { Claimed, TimerTable } from './timer-table.js';

const at = '2026-03-01T10:00:00.000Z';
const due = (name = 'retry:1'): Claimed => {
  const firing: Omit<Firing, 'id'> = {
    name,
    kind: 'retry',
    tenant: 'ws',
    payload: {},
    dueAt: at,
    firedAt: at,
    attempt: 1,
  };
  return { firing: { ...firing, id: name }, epoch: '1' };
};

/** A table with timers that are due, which cannot be read or written to for a while. */
class TroubledTable {
  readonly written: string[] = [];
  readonly troubles = { reading: 0, writing: 0 };
  readonly #claimable: Claimed[];

  constructor(...claimable: readonly Claimed[]) {
    this.#claimable = [...claimable];
  }

  /** What happens at the end of a look that has found nothing. */
  onLooked = () => {};

  add = (claimed: Claimed) => void this.#claimable.push(claimed);
  claim = async (_kinds: unknown, limit: number) => {
    await this.#trouble('reading');
    return this.#claimable.splice(0, Math.max(limit, 0));
  };
  nextInMs = () => Promise.resolve(this.onLooked());
  done = () => this.#write('done');
  failed = () => this.#write('failed');
  park = () => this.#write('parked');

  async #write(what: string): Promise<void> {
    await this.#trouble('writing');
    this.written.push(what);
  }

  #trouble(of: keyof TroubledTable['troubles']): Promise<void> {
    this.troubles[of] -= 1;
    return this.troubles[of] >= 0 ? Promise.reject(new Error('The database is starting up.')) : Promise.resolve();
  }
}

function runnerOf(table: TroubledTable, handle: TimerKind['handle'], log: ConsumerLog = SILENT, concurrency = 1) {
  return new TimerRunner({
    table: table as unknown as TimerTable,
    handlers: new Map([['retry', defineTimer('retry', handle)]]),
    settings: {
      ...{ concurrency, leaseMs: 600_000, handlerMs: 600_000, lookEveryMs: 600_000 },
      retry: { ...DEFAULT_RETRY, firstDelayMs: 1, maxDelayMs: 5 },
    },
    log,
    observer: { fired: () => undefined, failed: () => undefined },
  });
}

describe('the firing of timers in a process', () => {
  it.each([
    ['done', () => Promise.resolve()],
    ['failed', () => Promise.reject(new Error('The database is starting up.'))],
  ])('is written down as %s once the database is back, and not when its lease is over', async (end, handle) => {
    const table = new TroubledTable(due());
    table.troubles.writing = 3;
    const runner = runnerOf(table, handle);
    runner.start();
    await eventually(() => expect(table.written).toEqual([end]));
    await runner.stop();
  });

  it('has ended, and is written down, when its host has stopped', async () => {
    const table = new TroubledTable(due());
    let begun = false;
    const handle = async () => {
      begun = true;
      await delay(100);
    };
    const runner = runnerOf(table, handle, SILENT, 2);
    runner.start();
    await eventually(() => begun);
    await runner.stop();
    expect(table.written).toEqual(['done']);
  });

  it('is of no more at a time than are allowed, and of all in the end', async () => {
    const table = new TroubledTable(...Array.from({ length: 9 }, (_, n) => due(`retry:${n}`)));
    let [now, most] = [0, 0];
    const handle = async () => {
      most = Math.max(most, (now += 1));
      await delay(5);
      now -= 1;
    };
    const runner = runnerOf(table, handle, SILENT, 3);
    runner.start();
    await eventually(() => expect(table.written).toHaveLength(9));
    expect(most).toBe(3);
    await runner.stop();
  });

  it('does not wait for the next look of one that was set while it looked', async () => {
    const table = new TroubledTable();
    const runner = runnerOf(table, () => Promise.resolve());
    table.onLooked = () => {
      table.onLooked = () => {};
      table.add(due());
      runner.wake();
    };
    runner.start();
    await eventually(() => expect(table.written).toEqual(['done']));
    await runner.stop();
  });

  it('is said to be late once each time that the database is away, and goes on by itself', async () => {
    const table = new TroubledTable();
    const said: string[] = [];
    const runner = runnerOf(table, () => Promise.resolve(), {
      ...SILENT,
      error: (_, text) => void said.push(String(text)),
    });
    const looked = () => new Promise<void>(resolve => (table.onLooked = resolve));
    let rests = looked();
    runner.start();
    await rests;
    for (const times of [1, 2]) {
      rests = looked();
      table.troubles.reading = 4;
      table.add(due());
      runner.wake();
      await rests;
      expect(table.written).toHaveLength(times);
      expect(said).toEqual(Array.from({ length: times }, () => expect.stringContaining('it is tried on') as string));
    }
    await runner.stop();
  });
});
