import { CancelRun, PauseRun, PublishFlow, ResumeRun, RetryRun, RetryStep, StartRun } from '@runledger/contracts';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, type TestDatabase } from '@runledger/testing';
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
  database = await logDatabase();
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
    await here.until(second, 'RunPaused');
    expect(await typesOf(second)).toEqual(['RunStarted', 'RunPaused']);
    await here.attempt(first, 'ship');
    await here.until(second, 'StepReady');
    expect(await typesOf(second)).toEqual(['RunStarted', 'RunPaused', 'RunResumed', 'StepReady']);
    await here.attempt(second, 'ship');
    await here.until(second, 'RunCompleted');
  });

  it('keep their turns, whoever wants one to go on: resuming it is refused, and after a pause it waits again', async () => {
    const first = await begun('waits', 'patiently');
    await here.until(first, 'StepReady');
    const second = await begun('waits', 'patiently');
    await here.until(second, 'RunPaused');
    const resume = () => here.commands.send(ResumeRun, { runId: second }, adaAsks());
    expect(await resume()).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'NOT_POSSIBLE', fix: expect.stringContaining(first) },
    });
    expect(await here.commands.send(PauseRun, { runId: second }, adaAsks())).toMatchObject({ status: 'accepted' });
    expect(await resume()).toMatchObject({ status: 'accepted' });
    expect(await typesOf(second)).toEqual(['RunStarted', 'RunPaused', 'RunPaused', 'RunPaused']);
    await here.commands.send(PauseRun, { runId: second }, adaAsks());
    await here.attempt(first, 'ship');
    await eventually(async () => {
      await resume();
      expect((await typesOf(second)).slice(-2)).toEqual(['RunResumed', 'StepReady']);
    });
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

  it('take a new turn when they go on after their end, and begin with what was asked for then', async () => {
    const failed = await begun('waits', 'again');
    await here.until(failed, 'StepReady');
    await here.attempt(failed, 'ship', {
      outcome: 'ERROR',
      error: { code: 'COMMAND_FAILED', message: 'Exit code 1.' },
    });
    await here.until(failed, 'RunFailed');
    const other = await begun('waits', 'again');
    await here.until(other, 'StepReady');
    const retry = { runId: failed, from: 'FAILED_STEP', version: 'SAME', mode: 'IN_PLACE' } as const;
    expect(await here.commands.send(RetryRun, retry, adaAsks())).toMatchObject({ status: 'accepted' });
    expect((await typesOf(failed)).slice(-2)).toEqual(['RunReopened', 'RunPaused']);
    await here.attempt(other, 'ship');
    await eventually(async () => expect((await typesOf(failed)).filter(type => type === 'StepReady')).toHaveLength(2));
    expect((await typesOf(failed)).slice(-2)).toEqual(['RunResumed', 'StepReady']);
  });

  it('do not go on with the turn of another key', async () => {
    const failed = await begun('waits', 'one');
    await here.until(failed, 'StepReady');
    await here.attempt(failed, 'ship', {
      outcome: 'ERROR',
      error: { code: 'COMMAND_FAILED', message: 'Exit code 1.' },
    });
    await here.until(failed, 'RunFailed');
    const retry = { runId: failed, from: 'BEGINNING', version: 'SAME', parameters: { target: 'two' } } as const;
    const inPlace = await here.commands.send(RetryRun, { ...retry, mode: 'IN_PLACE' }, adaAsks());
    expect(inPlace).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'PREFLIGHT_FAILED', fix: expect.stringContaining('clone') },
    });
    const clone = await here.commands.send(RetryRun, { ...retry, mode: 'CLONE' }, adaAsks());
    expect(clone).toMatchObject({ status: 'accepted' });
  });

  it('do not go on beside another one, where the flow wants them skipped', async () => {
    const failed = await begun('skips', 'again');
    await here.until(failed, 'StepReady');
    await here.attempt(failed, 'ship', {
      outcome: 'ERROR',
      error: { code: 'COMMAND_FAILED', message: 'Exit code 1.' },
    });
    await here.until(failed, 'RunFailed');
    const other = await eventually(() => begun('skips', 'again'));
    await here.until(other, 'StepReady');
    const again = await here.commands.send(RetryStep, { runId: failed, step: 'ship' }, adaAsks());
    expect(again).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'NOT_POSSIBLE', message: expect.stringContaining(other) },
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
