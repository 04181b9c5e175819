import { CancelRun, PublishFlow, StartRun } from '@runledger/contracts';
import { migrateEventStore } from '@runledger/event-store';
import { eventually, testDatabase, type TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { adaAsks, OrchestratorProcess } from '../orchestrator.fixture.js';

const flow = (slug: string, policy: string) => `slug: ${slug}
parameters: { target: string }
defaults: { profile: plain }
concurrency: { key: "${slug} {{ parameters.target }}", policy: ${policy} }
steps: [{ key: ship, run: ship }]
`;

let database: TestDatabase;
let here: OrchestratorProcess;

beforeAll(async () => {
  database = await testDatabase();
  const pool = new pg.Pool({ connectionString: database.url });
  await migrateEventStore(pool);
  await pool.end();
  here = await OrchestratorProcess.start(database.url);
  await here.publishProfile('plain');
  for (const [slug, policy] of [
    ['waits', 'QUEUE'],
    ['skips', 'SKIP'],
    ['replaces', 'CANCEL_OLDER'],
  ] as const) {
    const published = await here.commands.send(PublishFlow, { source: flow(slug, policy) }, adaAsks());
    expect(published.status).toBe('accepted');
  }
});

afterAll(async () => {
  await here.stop();
  await database.drop();
});

function asked(slug: string, target: string) {
  const request = { flow: slug, parameters: { target }, choices: {}, trigger: { kind: 'manual' as const } };
  return here.commands.send(StartRun, request, adaAsks());
}

async function begun(slug: string, target: string): Promise<string> {
  const outcome = await asked(slug, target);
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.runId;
}

const typesOf = async (runId: string) => (await here.eventsOf(runId)).map(({ type }) => type);

describe('runs of a flow with a concurrency key', () => {
  it('wait for each other in the order in which they came; those with another key do not', async () => {
    const first = await begun('waits', 'staging');
    await here.until(first, 'StepReady');
    const second = await begun('waits', 'staging');
    const other = await begun('waits', 'production');
    await here.until(other, 'StepReady');
    expect(await typesOf(second)).toEqual(['RunStarted', 'RunPaused']);
    await here.attempt(first, 'ship');
    await here.until(second, 'StepReady');
    expect(await typesOf(second)).toEqual(['RunStarted', 'RunPaused', 'RunResumed', 'StepReady']);
    await here.attempt(second, 'ship');
    await here.until(second, 'RunCompleted');
  });

  it('let the next one go on when one that waits is cancelled', async () => {
    const [first, second, third] = [
      await begun('waits', 'here'),
      await begun('waits', 'here'),
      await begun('waits', 'here'),
    ];
    await here.until(first, 'StepReady');
    await here.commands.send(CancelRun, { runId: second, mode: 'GRACEFUL' }, adaAsks());
    await here.until(second, 'RunCancelled');
    await here.attempt(first, 'ship');
    await here.until(third, 'StepReady');
    expect(await typesOf(second)).not.toContain('StepReady');
  });

  it('are not started while another one goes on, where the flow wants them skipped', async () => {
    const first = await begun('skips', 'staging');
    await here.until(first, 'StepReady');
    const declined = await asked('skips', 'staging');
    expect(declined).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'ALREADY_RUNNING', message: expect.stringContaining(first), fix: expect.any(String) },
    });
    await here.until(await begun('skips', 'production'), 'StepReady');
    await here.attempt(first, 'ship');
    await here.until(first, 'RunCompleted');
    // Its place is free as soon as its end has been heard of.
    const next = await eventually(() => begun('skips', 'staging'));
    await here.until(next, 'StepReady');
  });

  it('are cancelled when they began at the same moment as another one, where the flow wants them skipped', async () => {
    const runs = await Promise.all(Array.from({ length: 3 }, () => asked('skips', 'at once')));
    const ids = runs.flatMap(run => (run.status === 'accepted' ? [run.output.runId] : []));
    expect(ids.length).toBeGreaterThan(0);
    await eventually(async () => {
      const types = await Promise.all(ids.map(typesOf));
      expect(types.filter(all => all.includes('StepReady'))).toHaveLength(1);
      expect(types.filter(all => all.includes('RunCancelled'))).toHaveLength(ids.length - 1);
    });
  });

  it('are cancelled in favour of a newer one, where the flow says so, which begins once they have ended', async () => {
    const first = await begun('replaces', 'staging');
    await here.until(first, 'StepReady');
    const second = await begun('replaces', 'staging');
    await here.until(first, 'RunCancelRequested');
    expect(await typesOf(second)).not.toContain('StepReady');
    await here.attempt(first, 'ship', { outcome: 'ERROR', cancelled: true });
    await here.until(first, 'RunCancelled');
    await here.until(second, 'StepReady');
  });
});
