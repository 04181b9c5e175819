import { execFile } from 'node:child_process';
import { RateCardPublished, WorkspaceCreated } from '@runledger/contracts';
import { createPostgresEventStore, migrateEventStore, newUuid, type EventStore } from '@runledger/event-store';
import type { DomainEvent } from '@runledger/kernel';
import { testDatabase, type TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { argumentsOf, build, ofThisRun, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';

const CREATED = '2026-01-01T00:00:00.000Z';
const BILLING = { kind: 'service' as const, id: 'billing' };
const CARD = {
  ...{ currency: 'USD', compute: [], free: [] },
  models: [{ provider: 'anthropic', model: 'bygone', perMillionTokens: { input: 1_000_000, output: 5_000_000 } }],
};

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Workspaces were there before this release, with the prices of their time. */
describe('npm run billing -- seed, on a database that has workspaces', () => {
  const home = new TemporaryHome();
  let database: TestDatabase;
  let store: EventStore;

  beforeAll(async () => {
    build();
    database = await testDatabase();
    store = createPostgresEventStore({ connectionString: database.url, poolSize: 1 });
  }, PATIENCE_MS);
  afterAll(async () => {
    await store.close();
    await home.giveBack();
    await database.drop();
  });

  const seed = (...args: readonly string[]) =>
    new Promise<Outcome>(resolve => {
      const env = { ...ofThisRun(), RUNLEDGER_HOME: home.path, DATABASE_URL: database.url };
      execFile(process.execPath, argumentsOf(['billing.js', 'seed', ...args]), { env }, (error, output, errors) => {
        resolve({ code: error ? Number(error.code) : 0, output, errors });
      });
    });
  const append = async (tenant: string, name: string, { type, data }: DomainEvent) => {
    const metadata = {
      ...{ correlationId: name, causationId: 'spec', workspaceId: tenant, schemaVersion: 1 },
      ...{ actor: BILLING, occurredAt: CREATED },
    };
    const outcome = await store.append({ tenant, name }, [{ id: newUuid(), type, data, metadata }], 'any');
    if (outcome.status !== 'appended') throw new Error(outcome.status);
  };
  const workspace = async (id: string, card?: Partial<ReturnType<typeof RateCardPublished>['data']>) => {
    const named = { workspaceId: id, slug: id.slice(3), name: id, plan: 'team' as const };
    await append(
      id,
      `workspace-${id.slice(3)}`,
      WorkspaceCreated({ ...named, createdBy: BILLING, createdAt: CREATED }),
    );
    if (!card) return;
    const published = { version: 1, effectiveFrom: CREATED, card: CARD, publishedBy: BILLING, publishedAt: CREATED };
    await append(id, 'ratecard-default', RateCardPublished({ ...published, ...card }));
  };
  const versionsOf = async (tenant: string) => {
    const { events } = await store.readStream({ tenant, name: 'ratecard-default' });
    return events.map(event => RateCardPublished.schema.parse(event.data));
  };

  it('says what is missing where the platform has never been started', async () => {
    const { code, output, errors } = await seed();
    expect([code, output.startsWith('Prices of ')]).toEqual([2, true]);
    expect(errors).toMatch(/npm run migrate/);
    expect(errors).not.toMatch(/\bat .*\.[jt]s:\d/);
  });

  it('brings those with prices of a list to today’s, gives one to those without, and leaves people’s own alone', async () => {
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    await migrateEventStore(pool);
    await pool.end();
    expect(await seed()).toMatchObject({ code: 1, errors: 'There is no workspace.\n' });
    await workspace('ws_listed', { source: 'list 1' });
    await workspace('ws_own', {});
    await workspace('ws_none');

    const before = Date.now();
    const { code, output, errors } = await seed();
    expect([code, errors]).toEqual([0, '']);
    expect(output).toMatch(/^ws_listed: version 2 holds from \S+, with \d+ prices of models$/m);
    expect(output).toMatch(/^ws_own: has a card of its own, which stays as it is$/m);
    expect(output).toMatch(/^ws_none: version 1 holds from \S+, with \d+ prices of models$/m);
    const [old, ...today] = await versionsOf('ws_listed');
    expect(old?.card).toEqual(CARD);
    expect(Date.parse(today[0]?.effectiveFrom ?? '')).toBeGreaterThanOrEqual(before);
    expect(await versionsOf('ws_own')).toHaveLength(1);

    const again = await seed();
    expect(again.output).toMatch(/^ws_listed: has these prices$/m);
    expect(again.output).toMatch(/^ws_none: has these prices$/m);
    expect(await versionsOf('ws_listed')).toHaveLength(1 + today.length);
    const one = await seed('--workspace', 'ws_none');
    expect([one.code, one.output.includes('ws_listed')]).toEqual([0, false]);
    expect(await seed('--workspace', 'ws_nowhere')).toMatchObject({
      code: 1,
      errors: 'There is no workspace ws_nowhere.\n',
    });
  });
});
