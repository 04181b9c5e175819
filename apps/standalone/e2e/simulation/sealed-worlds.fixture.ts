import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openAudit } from '@runledger/audit';
import type { OpenedAudit } from '@runledger/audit';
import { createPostgresEventStore, migrateEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { Leases } from '@runledger/messaging';
import { systemClock } from '@runledger/platform';
import pg from 'pg';

interface Verifier {
  verifyBundle(
    this: void,
    lines: readonly string[],
    options: { readonly keys: readonly string[]; readonly checkpoints: readonly string[] },
  ): Promise<{ readonly count: number; readonly unknown: readonly string[] }>;
}

/** A bundle is not what was lived. */
export class WrongBundleError extends Error {}

/** Worlds in one real log, one after the other, that is sealed; their bundles are looked at with the verifier as it is handed out. */
export class SealedWorlds {
  #kept: { readonly size: number; readonly note: string } | undefined;

  private constructor(
    private readonly store: EventStore,
    private readonly audit: OpenedAudit,
    private readonly verifier: Verifier,
    private readonly end: () => Promise<void>,
  ) {}

  static async open(url: string): Promise<SealedWorlds> {
    const pool = new pg.Pool({ connectionString: url });
    await migrateEventStore(pool);
    const store = createPostgresEventStore({ connectionString: url });
    const checkpoints = new PostgresCheckpoints(pool);
    const leases = new Leases(checkpoints, { owner: 'spec' });
    const secrets = { cursorKey: Buffer.alloc(32, 1), signingSeed: Buffer.alloc(32, 2) };
    const config = { publish: [], publishEveryMs: 60_000 };
    const parts = { store, checkpoints, leases, clock: systemClock, database: pool, config, ...secrets };
    const audit = await openAudit(parts);
    const folder = mkdtempSync(join(tmpdir(), 'runledger-verifier-'));
    writeFileSync(join(folder, 'verify.mjs'), audit.verifier.source);
    const verifier = (await import(pathToFileURL(join(folder, 'verify.mjs')).href)) as Verifier;
    await audit.keys.announce();
    await audit.sealer.start();
    return new SealedWorlds(store, audit, verifier, async () => {
      await audit.sealer.stop();
      await leases.stop();
      await store.close();
      await pool.end();
      rmSync(folder, { recursive: true });
    });
  }

  close(): Promise<void> {
    return this.end();
  }

  /** Each run's bundle is accepted, is whole, and continues the checkpoint of the world before. */
  async check(seed: number, world: readonly RecordedEvent[]): Promise<void> {
    await this.#write(seed, world);
    const keys = [this.audit.checkpoints.signer.verifierKey];
    for (const runId of runsIn(world)) {
      const lines = await this.#bundle(runId, `ws_${seed}`);
      const { count, unknown } = await this.verifier.verifyBundle(lines, {
        keys,
        checkpoints: this.#kept ? [this.#kept.note] : [],
      });
      const lived = world.filter(({ metadata }) => metadata.correlationId === runId).length;
      if (count !== lived || unknown.length > 0)
        throw new WrongBundleError(`The bundle of ${runId} has ${count} of ${lived} events. ${unknown.join(' ')}`);
    }
    this.#kept = await this.audit.checkpoints.current();
  }

  async #bundle(runId: string, workspaceId: string): Promise<string[]> {
    const context = { workspaceId, commandId: newUuid(), correlationId: runId, occurredAt: systemClock.now() };
    const outcome = await this.audit.bundle.page(
      { runId, since: this.#kept?.size ?? 0, limit: 1_000 },
      { ...context, actor: { kind: 'system', id: 'spec' } },
    );
    if (outcome.status === 'refused') throw new WrongBundleError(outcome.refusal.message);
    if (outcome.output.next !== undefined) throw new WrongBundleError(`The bundle of ${runId} has another page.`);
    return outcome.output.lines;
  }

  /** Neighbours of one stream go in together. */
  async #write(seed: number, events: readonly RecordedEvent[]): Promise<void> {
    for (let from = 0; from < events.length;) {
      const { stream = '' } = events[from] ?? {};
      let to = from + 1;
      while (events[to]?.stream === stream) to += 1;
      const group = events.slice(from, to).map(({ id, type, data, metadata }) => ({ id, type, data, metadata }));
      await this.store.append({ tenant: `ws_${seed}`, name: stream }, group, 'any');
      from = to;
    }
  }
}

function runsIn(events: readonly RecordedEvent[]): string[] {
  return [...new Set(events.filter(({ category }) => category === 'run').map(event => event.metadata.correlationId))];
}
