import { jest } from '@jest/globals';
import type { BudgetReserved } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { testDatabase } from '@runledger/testing';
import { Chance } from './chance.fixture.js';
import { FollowedReadModels } from './followed-read-models.fixture.js';
import { SealedWorlds } from './sealed-worlds.fixture.js';
import { SimulatedWorld } from './simulated-world.fixture.js';
import type { WorldSize } from './simulated-world.fixture.js';

/**
 * More by command: `AUDIT_SEEDS=1000 npm test -- random-runs`, from `AUDIT_FROM` on; one of them: `AUDIT_SEED=4711`, made smaller
 * with `AUDIT_RUNS=1` and `AUDIT_MOMENTS=50`.
 */
const { AUDIT_SEED: only, AUDIT_SEEDS: wanted = '3', AUDIT_FROM: from = '1' } = process.env;
const { AUDIT_RUNS: runs, AUDIT_MOMENTS: moments } = process.env;
const SEEDS =
  only === undefined ? Array.from({ length: Number(wanted) }, (_, index) => Number(from) + index) : [Number(only)];
const WHOLE: WorldSize = {
  money: true,
  ...(runs !== undefined && { runs: Number(runs) }),
  ...(moments !== undefined && { moments: Number(moments) }),
};
/** Worlds are lived on virtual time and looked at on a real database: so many first the one and then the other. */
const AT_ONCE = 25;

jest.setTimeout(Math.max(120_000, SEEDS.length * 20_000));

describe('random runs in a world where everything goes wrong, with models that cost money and budgets', () => {
  it('have sums equal to their charges and rows equal to their rebuild at every event, and bundles that the verifier accepts', async () => {
    const seen = new Set<string>();
    for (let at = 0; at < SEEDS.length; at += AT_ONCE) {
      const found = await firstFailure(SEEDS.slice(at, at + AT_ONCE), WHOLE, event => {
        seen.add(event.type);
        if (event.type === 'BudgetReserved')
          seen.add((event as RecordedEvent & ReturnType<typeof BudgetReserved>).data.ledger.kind);
      });
      if (found) throw await smallest(found);
    }
    if (SEEDS.length < 50) return;
    // All of this happened in some world: where nobody spends, nothing can be overdrawn.
    const spent = ['BudgetReserved', 'BudgetSettled', 'BudgetReleased', 'BudgetExceeded', 'BudgetFreed'];
    for (const type of [...spent, 'BudgetThresholdReached', 'RunPaused']) expect(seen).toContain(type);
    for (const kind of ['RUN', 'FLOW', 'WORKSPACE']) expect(seen).toContain(kind);
  });
});

interface Failure {
  readonly seed: number;
  readonly error: Error;
}

async function firstFailure(
  seeds: readonly number[],
  size: WorldSize,
  tell: (event: RecordedEvent) => void = () => undefined,
): Promise<Failure | undefined> {
  const worlds = new Map<number, readonly RecordedEvent[]>();
  for (const seed of seeds) {
    const events = await lived(seed, size);
    if (events instanceof Error) return { seed, error: events };
    events.forEach(tell);
    worlds.set(seed, events);
  }
  const database = await testDatabase();
  const readModels = await FollowedReadModels.open(database.url);
  const sealed = await SealedWorlds.open(database.url);
  try {
    for (const [seed, events] of worlds) {
      const error = await failureOf(() => readModels.follow(events).then(() => sealed.check(seed, events)));
      if (error) return { seed, error };
    }
    return undefined;
  } finally {
    await readModels.close();
    await sealed.close();
    await database.drop();
  }
}

/** The same seed in as small a world as a fault shows in. */
async function smallest({ seed, error: first }: Failure): Promise<Error> {
  let [size, error] = [WHOLE, first];
  const smaller = async (other: WorldSize): Promise<boolean> => {
    const found = await firstFailure([seed], other);
    if (found) [size, error] = [other, found.error];
    return found !== undefined;
  };
  await smaller({ ...size, runs: 1 });
  for (let less = 200; less >= 6; less = Math.floor(less / 2)) {
    if (!(await smaller({ ...size, moments: less }))) break;
  }
  const { runs: fewest, moments: least } = size;
  const settings = `AUDIT_SEED=${seed}${fewest ? ` AUDIT_RUNS=${fewest}` : ''}${least ? ` AUDIT_MOMENTS=${least}` : ''}`;
  return new Error(`${settings} brings it back: ${error.message}`, { cause: error });
}

async function lived(seed: number, size: WorldSize): Promise<readonly RecordedEvent[] | Error> {
  const chance = new Chance(seed);
  const random = jest.spyOn(Math, 'random').mockImplementation(() => chance.next());
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'Date'] });
  try {
    const world = new SimulatedWorld(seed, size);
    return (await failureOf(() => world.live())) ?? world.log.events;
  } finally {
    jest.useRealTimers();
    random.mockRestore();
  }
}

async function failureOf(work: () => Promise<void>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
