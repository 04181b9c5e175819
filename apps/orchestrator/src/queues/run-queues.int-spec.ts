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

async function begun(slug: string, target: string): Promise<string> {
  const request = { flow: slug, parameters: { target }, choices: {}, trigger: { kind: 'manual' as const } };
  const outcome = await here.commands.send(StartRun, request, adaAsks());
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

  it('are cancelled while another one goes on, where the flow wants them skipped', async () => {
    const first = await begun('skips', 'staging');
    await here.until(first, 'StepReady');
    const second = await begun('skips', 'staging');
    await here.until(second, 'RunCancelled');
    expect(await typesOf(second)).not.toContain('StepReady');
    await here.attempt(first, 'ship');
    await here.until(first, 'RunCompleted');
    // Its place is free as soon as its end has been heard of.
    await eventually(async () => {
      const third = await begun('skips', 'staging');
      await eventually(async () => (await typesOf(third)).length > 2);
      return (await typesOf(third)).includes('StepReady');
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
