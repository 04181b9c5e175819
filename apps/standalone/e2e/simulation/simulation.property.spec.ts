import { jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { SimulatedWorld } from './simulated-world.fixture.js';

/** More by command: `SIMULATION_SEEDS=10000 npm test -- simulation`; one of them: `SIMULATION_SEED=4711`. */
const { SIMULATION_SEED: only, SIMULATION_SEEDS: wanted = '2000' } = process.env;
const SEEDS = only === undefined ? Array.from({ length: Number(wanted) }, (_, index) => index + 1) : [Number(only)];

const HAPPENS = [
  ...[
    'RunCompleted',
    'RunFailed',
    'RunRejected',
    'RunCancelled',
    'RunPaused',
    'RunResumed',
    'RunReopened',
    'RunDiscarded',
  ],
  ...['StepSkipped', 'StepBlocked', 'StepRetryScheduled', 'StepForceAdvanced', 'GateAnswered', 'ChargeRecorded'],
  ...['ApprovalVoted', 'ApprovalEscalated', 'ApprovalWithdrawn'],
];

jest.setTimeout(Math.max(120_000, SEEDS.length * 500));

describe('orchestrator, approval and billing in a world where everything goes wrong', () => {
  beforeAll(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'Date'] });
  });
  afterAll(() => {
    jest.useRealTimers();
  });

  it('bring every run to its end, once, whatever is lost, repeated, late or killed', async () => {
    const seen = new Set<string>();
    let [calledAgain, stopped] = [0, 0];
    for (const seed of SEEDS) {
      const world = new SimulatedWorld(seed);
      await world.live().catch((error: unknown) => {
        throw new Error(`SIMULATION_SEED=${seed} brings it back: ${String(error)}`, { cause: error });
      });
      for (const { type } of world.log.events) seen.add(type);
      calledAgain += world.functions.again;
      stopped += world.functions.stopped;
    }
    if (SEEDS.length < 500) return;
    // All of this happened in some world: where nothing goes on, nothing can go wrong.
    for (const type of HAPPENS) expect(seen).toContain(type);
    expect(Math.min(calledAgain, stopped)).toBeGreaterThan(0);
  });

  it('do the same again for the same seed', async () => {
    const [one, other] = [new SimulatedWorld(7), new SimulatedWorld(7)];
    await one.live();
    await other.live();
    expect(digest(other)).toBe(digest(one));
  });
});

function digest({ log }: SimulatedWorld): string {
  const told = log.events.map(({ id, type, data, metadata }) => [id, type, data, metadata]);
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
}
