import { isDeepStrictEqual } from 'node:util';
import { catalogue } from '@runledger/contracts';
import type { ChargeRecorded } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { PROJECTIONS, readModelDatabase } from '@runledger/gateway';
import { migrateReadModels, quotedTable, readModelOptions } from '@runledger/projections';
import type { Projection } from '@runledger/projections';
import { DataSource } from 'typeorm';
import type { EntityManager } from 'typeorm';

type Charge = ReturnType<typeof ChargeRecorded>['data'];

/** A read model shows what the log does not say. */
export class WrongRowsError extends Error {}

interface Sum {
  readonly amounts: Readonly<Record<string, string>>;
  readonly charges: number;
  readonly unpriced: number;
}

interface RunCosts {
  readonly total: Sum;
  readonly formerSteps: Readonly<Record<string, Sum>>;
  readonly byModel: Readonly<Record<string, Sum>>;
  readonly byProvider: Readonly<Record<string, Sum>>;
  readonly compute: Readonly<Record<string, Sum>>;
}

const DAY_COLUMNS = 'workspace_id, day, flow_id, step, kind, provider, model, resource_class, member_id, currency';

/** Sums of days that are not those of the charges; every coarser sum is one over these. */
const WRONG_DAYS = `
  WITH charged AS (
    SELECT c.workspace_id, c.day, coalesce(r.flow_id, '') AS flow_id, c.step, c.kind, c.provider, c.model, c.resource_class,
      coalesce(r.member_id, '') AS member_id, c.currency, coalesce(sum(c.amount), 0) AS amount, count(*) AS charges,
      count(*) FILTER (WHERE c.amount IS NULL) AS unpriced
    FROM charges c LEFT JOIN charged_runs r USING (workspace_id, run_id) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
  shown AS (SELECT ${DAY_COLUMNS}, amount, charges, unpriced FROM cost_days)
  (TABLE charged EXCEPT ALL TABLE shown) UNION ALL (TABLE shown EXCEPT ALL TABLE charged)`;

/**
 * The gateway's read models as they follow a log, event by event, beside copies that are built anew at every event. Nothing of it
 * stays in the database.
 */
export class FollowedReadModels {
  private constructor(
    private readonly live: DataSource,
    private readonly rebuilt: DataSource,
  ) {}

  static async open(url: string): Promise<FollowedReadModels> {
    const of = (schema: string) => new DataSource(readModelOptions({ ...readModelDatabase(url), schema, poolSize: 2 }));
    const [live, rebuilt] = [of('gateway'), of('rebuilt')];
    for (const source of [live, rebuilt]) await migrateReadModels(source);
    return new FollowedReadModels(live, rebuilt);
  }

  async close(): Promise<void> {
    await this.live.destroy();
    await this.rebuilt.destroy();
  }

  /** Throws {@link WrongRowsError} at the first event whose rows are not what they should be. */
  async follow(recorded: readonly RecordedEvent[]): Promise<void> {
    const events = recorded.map(event => ({
      ...event,
      data: catalogue.upcast(event.type, event.metadata.schemaVersion, event.data),
    }));
    await undone(this.live, async live => {
      const charges: Charge[] = [];
      for (const [at, event] of events.entries()) {
        if (event.type === 'ChargeRecorded') charges.push(event.data as Charge);
        const concerned = PROJECTIONS.filter(({ types }) => types.includes(event.type));
        for (const projection of concerned) await projection.apply([event], live);
        if (concerned.some(({ name }) => name === 'costs' || name === 'runs')) await assertSums(live, charges, event);
        for (const projection of concerned) await this.#assertRebuilt(projection, live, events.slice(0, at + 1));
      }
    });
  }

  /** All at once, where the live rows came one by one (P2). */
  async #assertRebuilt(projection: Projection, live: EntityManager, events: readonly RecordedEvent[]): Promise<void> {
    const own = events.filter(({ type }) => projection.types.includes(type));
    const rows = await undone(this.rebuilt, async rebuilt => {
      await projection.apply(own, rebuilt);
      return rowsOf(projection, rebuilt);
    });
    const shown = await rowsOf(projection, live);
    if (isDeepStrictEqual(shown, rows)) return;
    const event = own.at(-1);
    throw new WrongRowsError(`${projection.name} is not its rebuild at ${event?.position} (${event?.type})`);
  }
}

/** Every row of it as text, in a fixed order. */
async function rowsOf({ tables }: Projection, rows: EntityManager): Promise<string[][]> {
  const found: string[][] = [];
  for (const table of tables) {
    const read = await rows.query<{ row: string }[]>(
      `SELECT t::text AS row FROM ${quotedTable(table)} t ORDER BY t::text COLLATE "C"`,
    );
    found.push(read.map(({ row }) => row));
  }
  return found;
}

async function assertSums(rows: EntityManager, charges: readonly Charge[], event: RecordedEvent): Promise<void> {
  const wrong = [
    ...(await rows.query<object[]>(WRONG_DAYS)).map(row => `the day ${JSON.stringify(row)}`),
    ...(await wrongRuns(rows, charges)),
  ];
  if (wrong.length > 0)
    throw new WrongRowsError(
      `Sums are not those of the charges at ${event.position} (${event.type}): ${wrong.join('; ')}`,
    );
}

async function wrongRuns(rows: EntityManager, charges: readonly Charge[]): Promise<string[]> {
  const runs = await rows.query<{ key: string; run_id: string; view: { costs: RunCosts } }[]>(
    'SELECT key, run_id, view FROM runs',
  );
  const steps = await rows.query<{ run_id: string; view: { key: string; cost?: Sum } }[]>(
    'SELECT run_id, view FROM run_steps',
  );
  return runs.flatMap(({ run_id: runId, view: { costs } }) => {
    const own = charges.filter(charge => charge.runId === runId);
    const ofModels = own.filter(({ kind }) => kind === 'model');
    const ofMachines = own.filter(({ kind }) => kind === 'compute');
    const shownSteps = steps.flatMap(({ run_id, view: { key, cost } }) =>
      run_id === runId && cost ? [[key, cost] as const] : [],
    );
    const sides: readonly (readonly [string, unknown, unknown])[] = [
      ['total', costs.total, sumOf(own)],
      ['models', costs.byModel, grouped(ofModels, ({ provider, model }) => `${provider}/${model}`)],
      ['providers', costs.byProvider, grouped(ofModels, ({ provider }) => String(provider))],
      ['compute', costs.compute, grouped(ofMachines, ({ resourceClass }) => String(resourceClass))],
      ['steps', { ...costs.formerSteps, ...Object.fromEntries(shownSteps) }, grouped(own, ({ step }) => step)],
    ];
    return sides
      .filter(([, shown, expected]) => !isDeepStrictEqual(shown, expected))
      .map(([side, shown, expected]) => {
        return `${side} of ${runId}: ${JSON.stringify(shown)} and not ${JSON.stringify(expected)}`;
      });
  });
}

function grouped(charges: readonly Charge[], keyOf: (charge: Charge) => string): Record<string, Sum> {
  const keys = [...new Set(charges.map(keyOf))];
  return Object.fromEntries(keys.map(key => [key, sumOf(charges.filter(charge => keyOf(charge) === key))]));
}

function sumOf(charges: readonly Charge[]): Sum {
  const amounts: Record<string, bigint> = {};
  for (const { amountMicroUnits, currency } of charges) {
    if (amountMicroUnits !== null) amounts[currency] = (amounts[currency] ?? 0n) + BigInt(amountMicroUnits);
  }
  return {
    amounts: Object.fromEntries(Object.entries(amounts).map(([currency, amount]) => [currency, amount.toString()])),
    charges: charges.length,
    unpriced: charges.filter(({ amountMicroUnits }) => amountMicroUnits === null).length,
  };
}

async function undone<T>(source: DataSource, work: (rows: EntityManager) => Promise<T>): Promise<T> {
  const runner = source.createQueryRunner();
  await runner.startTransaction();
  try {
    // The live rows wait while copies of them are made.
    await runner.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    return await work(runner.manager);
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}
