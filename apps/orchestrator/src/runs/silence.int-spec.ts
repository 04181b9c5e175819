import {
  AgentText,
  AnswerReceived,
  AttemptResumed,
  AttemptStarted,
  PublishFlow,
  QuestionAsked,
  StartRun,
} from '@runledger/contracts';
import { attemptId, streamOf, type DomainEvent } from '@runledger/kernel';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, type TestDatabase } from '@runledger/testing';
import { MemoryTimers } from '@runledger/timers';
import { ada, adaAsks, AT, OrchestratorProcess } from '../orchestrator.fixture.js';

const FLOW = `slug: talk
defaults: { profile: plain }
steps: [{ key: say, silence: 5m, agent: { provider: scripted, prompt: Speak., script: [{ text: Hello. }] } }]`;
const MINUTE = 60_000;

let database: TestDatabase;
let process: OrchestratorProcess;
let timers: MemoryTimers;

beforeEach(async () => {
  database = await logDatabase();
  timers = new MemoryTimers({ now: AT });
  process = await OrchestratorProcess.start(database.url, () => timers);
  await process.publishProfile('plain');
  await process.commands.send(PublishFlow, { source: FLOW }, adaAsks());
});

afterEach(async () => {
  await process.stop();
  await database.drop();
});

async function begun(): Promise<string> {
  const request = { flow: 'talk', parameters: {}, choices: {}, trigger: { kind: 'manual' } } as const;
  const outcome = await process.commands.send(StartRun, request, adaAsks());
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  const { runId } = outcome.output;
  const begin = { kind: 'agent', profile: 'plain', profileVersion: 1, driver: 'spec', worker: 'spec' } as const;
  await says(runId, AttemptStarted({ ...placeOf(runId), ...begin, startedAt: AT }));
  return runId;
}

function placeOf(runId: string) {
  return { attemptId: attemptId(runId, 'say', 1), runId, step: 'say', attempt: 1 };
}

/** What the sandbox writes of the attempt, now. */
const says = (runId: string, event: DomainEvent) =>
  process.appendAt(timers.now(), streamOf('attempt', placeOf(runId).attemptId), runId, event);

const text = (runId: string) => AgentText({ ...placeOf(runId), entryId: 'e1', text: 'Still here.', at: timers.now() });

/** Waits until somebody looks after the attempt again, at a later time than before. */
const watchedFrom = (dueAt: string) =>
  eventually(() => {
    const [timer] = timers.waiting();
    if (!timer || timer.dueAt < dueAt) throw new Error('Nobody looks after the attempt yet.');
    return timer;
  });

const typesOf = async (runId: string) => (await process.eventsOf(runId)).map(({ type }) => type);

it('shows an attempt as blocked that has been silent for too long, and as running when it speaks again', async () => {
  const runId = await begun();
  await watchedFrom('2026-03-01T10:05:00.000Z');
  await timers.advance(4 * MINUTE);
  await says(runId, text(runId));
  await timers.advance(4 * MINUTE);
  expect(await typesOf(runId)).toEqual(['RunStarted', 'StepReady']);
  await timers.advance(MINUTE);
  expect((await process.eventsOf(runId)).at(-1)).toMatchObject({
    type: 'StepBlocked',
    data: { step: 'say', cause: { kind: 'SILENT', message: expect.stringContaining('2026-03-01T10:04:00.000Z') } },
  });
  await says(runId, text(runId));
  await timers.advance(MINUTE);
  expect(await typesOf(runId)).toEqual(['RunStarted', 'StepReady', 'StepBlocked', 'StepHeardAgain']);
});

it('leaves alone whoever waits for people, and looks after it again from their answer on', async () => {
  const runId = await begun();
  await watchedFrom('2026-03-01T10:05:00.000Z');
  const place = placeOf(runId);
  const asks = { callId: 'c1', question: 'Which colour?', at: AT };
  await says(runId, QuestionAsked({ ...place, ...asks }));
  await timers.advance(60 * MINUTE);
  expect(await typesOf(runId)).toEqual(['RunStarted', 'StepReady']);
  expect(timers.waiting()).toEqual([]);
  const resumed = { worker: 'spec', reason: 'Answered.', cause: 'ANSWERED', resumedAt: timers.now() } as const;
  await says(runId, AttemptResumed({ ...place, ...resumed }));
  const answer = { callId: 'c1', requestId: 'apr_1', decision: 'ANSWER', by: ada, answer: 'Blue', at: AT } as const;
  await says(runId, AnswerReceived({ ...place, ...answer }));
  await watchedFrom('2026-03-01T11:05:00.000Z');
  await timers.advance(5 * MINUTE);
  expect((await typesOf(runId)).at(-1)).toBe('StepBlocked');
});

it('leaves nothing behind when the attempt has ended', async () => {
  const runId = await begun();
  await watchedFrom('2026-03-01T10:05:00.000Z');
  await process.attempt(runId, 'say');
  await eventually(() => {
    if (timers.waiting().length > 0) throw new Error('Somebody still looks after the attempt.');
  });
});
