import { IntegrationConnected, IntegrationDisconnected, PauseRun, PublishFlow, StartRun } from '@runledger/contracts';
import type { FunctionCall } from '@runledger/contracts';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, type TestDatabase } from '@runledger/testing';
import { ada, adaAsks, AT, OrchestratorProcess, WORKSPACE } from '../orchestrator.fixture.js';

const FLOW = `slug: needy
defaults: { profile: plain }
steps:
  - { key: clone, run: clone, requires: { credentials: [github] } }
  - { key: other, run: other }
`;
const CALLING = `slug: calling
defaults: { profile: plain }
steps:
  - { key: ticket, function: ticket }
`;
const blocked = { code: 'CREDENTIAL', message: 'Nobody may clone.', needs: 'github' };

let database: TestDatabase;
let here: OrchestratorProcess;

beforeAll(async () => {
  database = await logDatabase();
  here = await OrchestratorProcess.start(database.url, undefined, undefined, { functions: { ticket } });
  await here.publishProfile('plain');
  for (const source of [FLOW, CALLING]) {
    expect(await here.commands.send(PublishFlow, { source }, adaAsks())).toMatchObject({ status: 'accepted' });
  }
});

afterAll(async () => {
  await here.stop();
  await database.drop();
});

/** What the sandbox service writes when someone connects something. */
async function connect(name: string): Promise<void> {
  const data = { name, kind: 'git' as const, settings: {}, secrets: ['token'], by: ada, connectedAt: AT };
  await here.append('integration-acme', 'spec', IntegrationConnected(data));
}

async function disconnect(name: string): Promise<void> {
  await here.append('integration-acme', 'spec', IntegrationDisconnected({ name, by: ada, disconnectedAt: AT }));
}

/** It looks for github, then somebody connects it, and everybody has heard of that when it says that it found none. */
async function ticket(_input: unknown, { attempt }: FunctionCall): Promise<undefined> {
  if (attempt > 1) return undefined;
  await connect('github');
  await new Promise(resolve => setTimeout(resolve, 300));
  throw Object.assign(new Error('Nobody may open tickets.'), { code: 'INTEGRATION', needs: 'github' });
}

async function start(flow = 'needy') {
  const request = { flow, parameters: {}, choices: {}, trigger: { kind: 'manual' as const } };
  return here.commands.send(StartRun, request, adaAsks());
}

async function begun(): Promise<string> {
  await connect('github');
  const outcome = await start();
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  await here.until(outcome.output.runId, 'StepReady', 'clone');
  await disconnect('github');
  return outcome.output.runId;
}

const readyOf = async (runId: string, step: string) =>
  (await here.eventsOf(runId)).filter(
    ({ type, data }) => type === 'StepReady' && (data as { step: string }).step === step,
  );

describe('a run that needs an integration', () => {
  it('is not started while its workspace has not connected it', async () => {
    const outcome = await start();
    expect(outcome).toMatchObject({
      status: 'refused',
      refusal: { rejected: 'PREFLIGHT_FAILED', message: 'The credential github is not there.' },
    });
    expect(JSON.stringify(outcome)).toContain('Connect an integration of this name');
  });

  it('tells its sandbox what the step requires', async () => {
    const runId = await begun();
    const [ready] = await readyOf(runId, 'clone');
    expect(ready?.data).toMatchObject({ requires: { credentials: ['github'], integrations: [] } });
  });

  it('goes on by itself when what its blocked step wants is connected, and its other steps are left alone', async () => {
    const runId = await begun();
    await here.attempt(runId, 'clone', { outcome: 'BLOCKED', error: blocked });
    const { data } = await here.until(runId, 'StepBlocked');
    expect(data).toMatchObject({ cause: { kind: 'CREDENTIAL', needs: 'github' } });
    await connect('slack');
    await connect('github');
    await eventually(async () => expect(await readyOf(runId, 'clone')).toHaveLength(2));
    expect(await readyOf(runId, 'other')).toHaveLength(1);
    expect((await here.eventsOf(runId)).filter(({ type }) => type === 'RunResumed')).toHaveLength(1);
  });

  it('goes on when it was connected between the start of the attempt and its end', async () => {
    const runId = await begun();
    const { store } = here;
    const append = store.append.bind(store);
    // The attempt begins, then someone connects it, then the attempt ends.
    let isFirst = true;
    store.append = async (stream, events, expected) => {
      if (!isFirst || !stream.name.startsWith('attempt-')) return append(stream, events, expected);
      isFirst = false;
      await append(stream, events.slice(0, 1), expected);
      await connect('github');
      return append(stream, events.slice(1), expected);
    };
    await here.attempt(runId, 'clone', { outcome: 'BLOCKED', error: blocked });
    store.append = append;
    await eventually(async () => expect(await readyOf(runId, 'clone')).toHaveLength(2));
  });

  it('goes on when it was connected while a function was called, of which there is no stream', async () => {
    const outcome = await start('calling');
    if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
    await here.until(outcome.output.runId, 'RunCompleted');
    const events = await here.eventsOf(outcome.output.runId);
    expect(events.filter(({ type }) => type === 'StepBlocked')).toHaveLength(1);
  });

  it('stays where someone has paused it', async () => {
    const runId = await begun();
    await here.commands.send(PauseRun, { runId }, adaAsks());
    await here.until(runId, 'RunPaused');
    await here.attempt(runId, 'clone', { outcome: 'BLOCKED', error: blocked });
    await here.until(runId, 'StepBlocked');
    await connect('github');
    const stream = { tenant: WORKSPACE, name: 'needs-acme' };
    await eventually(async () => {
      const { events } = await here.store.readStream(stream);
      expect(
        events.filter(({ type, data }) => type === 'NeedMet' && (data as { runId: string }).runId === runId),
      ).toHaveLength(1);
    });
    expect(await readyOf(runId, 'clone')).toHaveLength(1);
  });
});
