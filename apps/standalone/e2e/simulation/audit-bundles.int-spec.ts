import { jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openAudit } from '@runledger/audit';
import { createPostgresEventStore, migrateEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { Leases } from '@runledger/messaging';
import { systemClock } from '@runledger/platform';
import { testDatabase } from '@runledger/testing';
import pg from 'pg';
import { SimulatedWorld } from './simulated-world.fixture.js';

/** More by command: `AUDIT_SEEDS=1000 npm test -- audit-bundles`; one of them: `AUDIT_SEED=4711`. */
const { AUDIT_SEED: only, AUDIT_SEEDS: wanted = '5' } = process.env;
const SEEDS = only === undefined ? Array.from({ length: Number(wanted) }, (_, index) => index + 1) : [Number(only)];

jest.setTimeout(Math.max(60_000, SEEDS.length * 3_000));

interface Verifier {
  verifyBundle(
    this: void,
    lines: readonly string[],
    options: { readonly keys: readonly string[]; readonly checkpoints: readonly string[] },
  ): Promise<{ readonly count: number; readonly unknown: readonly string[] }>;
}

describe('random runs in a world where everything goes wrong', () => {
  it('have bundles that the verifier accepts, each continuing the checkpoint before', async () => {
    const database = await testDatabase();
    const pool = new pg.Pool({ connectionString: database.url });
    await migrateEventStore(pool);
    const store = createPostgresEventStore({ connectionString: database.url });
    const checkpoints = new PostgresCheckpoints(pool);
    const leases = new Leases(checkpoints, { owner: 'spec' });
    const secrets = { cursorKey: Buffer.alloc(32, 1), signingSeed: Buffer.alloc(32, 2) };
    const config = { publish: [], publishEveryMs: 60_000 };
    const parts = { store, checkpoints, leases, clock: systemClock, database: pool, config, ...secrets };
    const audit = await openAudit(parts);
    const folder = mkdtempSync(join(tmpdir(), 'runledger-verifier-'));
    try {
      writeFileSync(join(folder, 'verify.mjs'), audit.verifier.source);
      const { verifyBundle } = (await import(pathToFileURL(join(folder, 'verify.mjs')).href)) as Verifier;
      await audit.keys.announce();
      await audit.sealer.start();
      const keys = [audit.checkpoints.signer.verifierKey];
      let kept = await audit.checkpoints.current();
      for (const seed of SEEDS) {
        const world = await lived(seed);
        await write(store, seed, world);
        for (const runId of runsIn(world)) {
          const since = kept?.size ?? 0;
          const lines = await bundle(runId, since, `ws_${seed}`);
          const told = `AUDIT_SEED=${seed} brings it back`;
          const ofRun = world.filter(({ metadata }) => metadata.correlationId === runId);
          const result = await verifyBundle(lines, { keys, checkpoints: kept ? [kept.note] : [] });
          expect([told, result.count, result.unknown]).toEqual([told, ofRun.length, []]);
        }
        kept = await audit.checkpoints.current();
      }
    } finally {
      await audit.sealer.stop();
      await leases.stop();
      await store.close();
      await pool.end();
      await database.drop();
      rmSync(folder, { recursive: true });
    }

    async function bundle(runId: string, since: number, workspaceId: string): Promise<string[]> {
      const context = { workspaceId, commandId: newUuid(), correlationId: runId, occurredAt: systemClock.now() };
      const outcome = await audit.bundle.page(
        { runId, since, limit: 1_000 },
        { ...context, actor: { kind: 'system', id: 'spec' } },
      );
      if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
      expect(outcome.output.next).toBeUndefined();
      return outcome.output.lines;
    }
  });
});

async function lived(seed: number): Promise<readonly RecordedEvent[]> {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] });
  try {
    const world = new SimulatedWorld(seed);
    await world.live();
    return world.log.events;
  } finally {
    jest.useRealTimers();
  }
}

/** Neighbours of one stream go in together. */
async function write(store: EventStore, seed: number, events: readonly RecordedEvent[]): Promise<void> {
  for (let from = 0; from < events.length;) {
    const { stream = '' } = events[from] ?? {};
    let to = from + 1;
    while (events[to]?.stream === stream) to += 1;
    const group = events.slice(from, to).map(({ id, type, data, metadata }) => ({ id, type, data, metadata }));
    await store.append({ tenant: `ws_${seed}`, name: stream }, group, 'any');
    from = to;
  }
}

function runsIn(events: readonly RecordedEvent[]): string[] {
  return [...new Set(events.filter(({ category }) => category === 'run').map(event => event.metadata.correlationId))];
}
