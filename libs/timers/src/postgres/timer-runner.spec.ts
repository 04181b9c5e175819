import { DEFAULT_RETRY, SILENT } from '@runledger/messaging';
import { eventually } from '@runledger/testing';
import type { Firing } from '../port.js';
import { TimerRunner } from './timer-runner.js';
import type { Claimed, TimerTable } from './timer-table.js';

const at = '2026-03-01T10:00:00.000Z';
const firing = {
  name: 'retry:1',
  kind: 'retry',
  tenant: 'ws',
  payload: {},
  dueAt: at,
  firedAt: at,
  attempt: 1,
} as Firing;

/** A table with one timer that is due, which cannot be written to for a while. */
class TroubledTable {
  readonly written: string[] = [];
  #claimable: Claimed[] = [{ firing, epoch: '1' }];

  constructor(private troubles: number) {}

  claim = () => Promise.resolve(this.#claimable.splice(0));
  nextInMs = () => Promise.resolve(undefined);
  done = () => this.#write('done').then(() => true);
  failed = () => this.#write('failed');
  park = () => this.#write('parked');

  #write(what: string): Promise<void> {
    this.troubles -= 1;
    if (this.troubles >= 0) return Promise.reject(new Error('The database is starting up.'));
    this.written.push(what);
    return Promise.resolve();
  }
}

it.each([
  ['done', () => Promise.resolve()],
  ['failed', () => Promise.reject(new Error('The database is starting up.'))],
])('a firing is written down as %s once the database is back, and not when its lease is over', async (end, handle) => {
  const table = new TroubledTable(3);
  const runner = new TimerRunner({
    table: table as unknown as TimerTable,
    handlers: new Map([['retry', { kind: 'retry', handle }]]),
    settings: {
      ...{ concurrency: 1, leaseMs: 600_000, handlerMs: 600_000, lookEveryMs: 600_000 },
      retry: { ...DEFAULT_RETRY, firstDelayMs: 1, maxDelayMs: 5 },
    },
    log: SILENT,
    observer: { fired: () => undefined, failed: () => undefined },
  });
  runner.start();
  await eventually(() => expect(table.written).toEqual([end]));
  await runner.stop();
});
