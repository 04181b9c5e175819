import {
  CreateEventTrigger,
  DeleteEventTrigger,
  PauseEventTrigger,
  PublishFlow,
  ResumeEventTrigger,
  StartRun,
  type InputOf,
  type RunDeclined,
  type RunStarted,
} from '@runledger/contracts';
import { CommandHandler, newUuid, type RecordedEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, FakeClock, type TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { Pool } from 'pg';
import { ada, adaAsks, AT, OrchestratorProcess, WORKSPACE } from '../orchestrator.fixture.js';
import { Orchestrator } from '../orchestrator.js';

/** Nothing in it is done: a run of it is complete as soon as it has started. */
const idle = (slug: string, parameters: string) => `slug: ${slug}
parameters: ${parameters}
defaults: { profile: plain }
steps: [{ key: nothing, if: 'false', run: 'true' }]`;
const BUILD = `slug: build
parameters: { branch: { type: string, default: main } }
defaults: { profile: plain }
steps: [{ key: make, run: make }]`;
const FLOWS = [BUILD, idle('release', '{ tag: string, of: string, stage: string }'), idle('echo', '{}')];

let database: TestDatabase;
let pool: Pool;
/** Two processes that share the reactions to one log. */
let processes: readonly OrchestratorProcess[];

beforeAll(async () => {
  database = await logDatabase();
  pool = new Pool({ connectionString: database.url, max: 2 });
  processes = [await OrchestratorProcess.start(database.url), await OrchestratorProcess.start(database.url)];
  await one().publishProfile('plain');
  for (const source of FLOWS) await one().commands.send(PublishFlow, { source }, adaAsks());
});
afterAll(async () => {
  await Promise.all(processes.map(process => process.stop()));
  await pool.end();
  await database.drop();
});

const one = () => processes[0]!;

const RELEASE: InputOf<typeof CreateEventTrigger> = {
  event: 'RunCompleted',
  condition: 'run.flow == "build" && parameters.branch == "main"',
  mapping: { tag: 'steps.make.output.tag', of: 'event.data.runId' },
  start: { flow: 'release', parameters: { stage: 'test' }, choices: {} },
};

async function made(input: InputOf<typeof CreateEventTrigger>): Promise<string> {
  const outcome = await one().commands.send(CreateEventTrigger, input, adaAsks());
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.triggerId;
}

async function started(flow: string, parameters: Record<string, string> = {}): Promise<string> {
  const request = { flow, parameters, choices: {}, trigger: { kind: 'manual' as const } };
  const outcome = await one().commands.send(StartRun, request, adaAsks());
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.runId;
}

async function built(tag: string | undefined, branch = 'main'): Promise<RecordedEvent> {
  const runId = await started('build', { branch });
  await one().until(runId, 'StepReady');
  await one().attempt(runId, 'make', tag === undefined ? {} : { output: { tag } });
  return one().until(runId, 'RunCompleted');
}

type Start = Pick<ReturnType<typeof RunStarted>['data'], 'trigger' | 'parameters' | 'runId' | 'startedBy'>;

/** What a trigger has started, or was declined, in the order of the log. */
async function startsOf(triggerId: string, type: 'RunStarted' | 'RunDeclined'): Promise<readonly RecordedEvent[]> {
  const { events } = await one().store.readAll({ tenant: WORKSPACE, types: [type], after: 0n, limit: 500 });
  return events.filter(({ data }) => (data as Start).trigger.ref === triggerId);
}

async function until(triggerId: string, type: 'RunStarted' | 'RunDeclined', count: number): Promise<RecordedEvent[]> {
  return eventually(async () => {
    const found = await startsOf(triggerId, type);
    if (found.length < count) throw new Error(`${triggerId} has ${found.length} ${type}.`);
    return [...found];
  });
}

describe('a trigger on events', () => {
  it('starts one run for each event that fits, with what the event and its run have to say', async () => {
    await built('v0');
    const triggerId = await made(RELEASE);
    await built('v1', 'feature');
    const completed = await built('v2');
    const [first] = await until(triggerId, 'RunStarted', 1);
    expect(first?.data).toMatchObject({
      trigger: { kind: 'event', ref: triggerId, depth: 1 },
      parameters: { stage: 'test', tag: 'v2', of: (completed.data as Start).runId },
      startedBy: { ...ada, via: 'event' },
    });
    expect(first?.metadata.causationId).toBe(completed.id);

    // Told again, here or elsewhere, an event starts nothing (R1).
    const store = one().store;
    const parts = { store, handler: new CommandHandler(store), clock: new FakeClock(AT), timers: new MemoryTimers() };
    const again = new Orchestrator({ ...parts, client: one().commands }).reactors();
    const reactor = again.find(({ name }) => name === 'orchestrator.event-triggers');
    await reactor?.react(completed);
    await reactor?.react(completed);
    expect(await startsOf(triggerId, 'RunStarted')).toHaveLength(1);
    expect(await startsOf(triggerId, 'RunDeclined')).toHaveLength(0);

    await one().commands.send(PauseEventTrigger, { triggerId }, adaAsks());
    await built('v3');
    await one().commands.send(ResumeEventTrigger, { triggerId }, adaAsks());
    await built('v4');
    const tags = (await until(triggerId, 'RunStarted', 2)).map(({ data }) => (data as Start).parameters['tag']);
    expect(tags).toEqual(['v2', 'v4']);

    // What cannot be told from an event is a start that was declined, and says why.
    await built(undefined);
    const [declined] = await until(triggerId, 'RunDeclined', 1);
    const { code, details } = declined?.data as ReturnType<typeof RunDeclined>['data'];
    expect([code, details[0]?.path]).toEqual(['INVALID_PARAMETER', 'mapping.tag']);
    await one().commands.send(DeleteEventTrigger, { triggerId }, adaAsks());
  });

  it('that starts what it waits for ends after a few runs, and says so', async () => {
    const start = { flow: 'echo', parameters: {}, choices: {} };
    const triggerId = await made({ event: 'RunCompleted', condition: 'run.flow == "echo"', mapping: {}, start });
    await started('echo');
    const [declined] = await until(triggerId, 'RunDeclined', 1);
    expect(declined?.data).toMatchObject({ code: 'FORBIDDEN', trigger: { kind: 'event', ref: triggerId, depth: 4 } });
    const depths = (await startsOf(triggerId, 'RunStarted')).map(({ data }) => (data as Start).trigger.depth);
    expect(depths).toEqual([1, 2, 3]);
    await one().commands.send(DeleteEventTrigger, { triggerId }, adaAsks());
  });

  it.each([
    ['an event that starts nothing', { event: 'RunComplete' }, 'event', 'Did you mean `RunCompleted`?'],
    ['a start that was declined', { event: 'RunDeclined' }, 'event', undefined],
    ['half a condition', { condition: 'run.flow ==' }, 'condition', 'Complete it, or remove the last operator.'],
    ['a condition that is none', { condition: '"build"' }, 'condition', undefined],
    ['a name that nothing has', { mapping: { tag: 'evnt.data' } }, 'mapping.tag', 'Did you mean `event`?'],
    ['what only routes know', { mapping: { tag: 'output.tag' } }, 'mapping.tag', undefined],
  ])('is not made of %s', async (_what, more, path, fix) => {
    const outcome = await one().commands.send(CreateEventTrigger, { ...RELEASE, ...more }, adaAsks());
    if (outcome.status === 'accepted') throw new Error('It was made.');
    expect([outcome.refusal.rejected, outcome.refusal.details?.[0]?.path]).toEqual(['INVALID_EVENT_TRIGGER', path]);
    if (fix !== undefined) expect(outcome.refusal.details?.[0]?.fix).toBe(fix);
  });

  it('is made for a flow that there is, and changed only where it is', async () => {
    const start = { ...RELEASE.start, flow: 'nowhere' };
    const missing = await one().commands.send(CreateEventTrigger, { ...RELEASE, start }, adaAsks());
    expect(missing).toMatchObject({ status: 'refused', refusal: { rejected: 'FLOW_NOT_FOUND' } });
    const triggerId = await made(RELEASE);
    const stranger = { ...adaAsks(), workspaceId: 'ws_other' };
    for (const command of [PauseEventTrigger, DeleteEventTrigger]) {
      const outcome = await one().commands.send(command, { triggerId }, stranger);
      expect(outcome).toMatchObject({ status: 'refused', refusal: { rejected: 'EVENT_TRIGGER_NOT_FOUND' } });
    }
    const unknown = await one().commands.send(PauseEventTrigger, { triggerId: `trig_${newUuid()}` }, adaAsks());
    expect(unknown).toMatchObject({ refusal: { rejected: 'EVENT_TRIGGER_NOT_FOUND' } });
  });
});
