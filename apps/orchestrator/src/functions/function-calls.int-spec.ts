import { jest } from '@jest/globals';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { CommandHandler, createPostgresEventStore, newUuid } from '@runledger/event-store';
import type { EventStore, PartitionLease, RecordedEvent, StreamRef } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import { streamOf } from '@runledger/kernel';
import { SILENT } from '@runledger/messaging';
import { silentTelemetry, systemClock } from '@runledger/platform';
import type { TestDatabase } from '@runledger/testing';
import { run } from '../runs/run.decider.js';
import * as the from '../runs/run.fixture.js';
import { runId, step } from '../runs/run.fixture.js';
import { CallObserver } from './call-observer.js';
import { functionCalls } from './function-calls.reactor.js';

const stream: StreamRef = { tenant: 'ws', name: streamOf('run', runId) };
const work = { name: 'ticket', input: {} };

let database: TestDatabase;
let store: EventStore;
let calls: string[];

beforeEach(async () => {
  database = await logDatabase();
  store = createPostgresEventStore({ connectionString: database.url });
  calls = [];
});

afterEach(async () => {
  jest.restoreAllMocks();
  await store.close();
  await database.drop();
});

type Read = EventStore['readStream'];
const read: Read = (ref, options) => store.readStream(ref, options);

/** One process: what it remembers is its own. */
function orchestrator(name: string, readStream = read, telemetry = silentTelemetry()) {
  const own = {
    append: (...request) => store.append(...request),
    readStream,
    head: () => store.head(),
  } satisfies Partial<EventStore> as unknown as EventStore;
  const commands = new CommandHandler(own);
  const ticket = () => void calls.push(name);
  const functions = { ticket };
  const observer = new CallObserver({ telemetry, log: SILENT, store: own, functions });
  const ending = new AbortController().signal;
  const reactor = functionCalls({ commands, store: own, clock: systemClock, functions, atATime: 1, observer, ending });
  return { commands, react: (event: RecordedEvent, under: PartitionLease) => reactor.react(event, under) };
}

/** A process got the partition for the so manieth time that anybody did. */
const lease = (epoch: number): PartitionLease => ({
  ...{ consumer: 'orchestrator.functions', version: 1, owner: `process-${epoch}`, epoch, position: 0n, partition: 3 },
});

async function begun({ commands }: ReturnType<typeof orchestrator>): Promise<RecordedEvent> {
  const steps = [step('open', [], { function: work }), step('tell', ['open'], { function: work })];
  const context = {
    ...{ commandId: newUuid(), workspaceId: stream.tenant, actor: the.ada, occurredAt: the.at, correlationId: runId },
  };
  await commands.begin(run, stream.name, the.start(steps), context);
  return readyEvent('open');
}

async function readyEvent(key: string): Promise<RecordedEvent> {
  const { events } = await store.readStream(stream);
  const found = events.find(({ type, data }) => type === 'StepReady' && (data as { step: string }).step === key);
  if (!found) throw new Error(`${key} is not ready.`);
  return found;
}

test('what another process has stored is not called again by one that remembers the run from before', async () => {
  const [ours, others] = [orchestrator('ours'), orchestrator('others')];
  const ready = await begun(ours);
  await others.react(ready, lease(1));
  expect(calls).toEqual(['others']);
  await ours.react(ready, lease(2)); // the other one died before its checkpoint was written
  expect(calls).toEqual(['others']);
});

test('a process that gets its partition back trusts nothing that it remembers of the time in between', async () => {
  const [ours, others] = [orchestrator('ours'), orchestrator('others')];
  await ours.react(await begun(ours), lease(1));
  const next = await readyEvent('tell'); // decided by ours
  await others.react(next, lease(2));
  await ours.react(next, lease(3));
  expect(calls).toEqual(['ours', 'others']);
});

test('a process that stood still while it looked looks again', async () => {
  const others = orchestrator('others');
  const ready = await begun(others);
  let looks = 0;
  const ours = orchestrator('ours', async (ref, options) => {
    const found = await read(ref, options);
    if ((looks += 1) > 1) return found;
    await others.react(ready, lease(2));
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 10_000);
    return found;
  });
  await ours.react(ready, lease(1));
  expect(calls).toEqual(['others']);
});

test('a process that traces, and stood still before its call, looks', async () => {
  const others = orchestrator('others');
  const tracer = new TracerProvider().getTracer('spec');
  let standsStill = false;
  const traces: Read = async (ref, options) => {
    const found = await read(ref, options);
    if (!standsStill) return found;
    standsStill = false;
    await others.react(await readyEvent('tell'), lease(2));
    jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 10_000);
    return found;
  };
  const ours = orchestrator('ours', traces, { ...silentTelemetry(), tracer });
  await ours.react(await begun(ours), lease(1));
  standsStill = true;
  await ours.react(await readyEvent('tell'), lease(1));
  expect(calls).toEqual(['ours', 'others']);
});

test('what comes while a process has its partition costs no look at the store', async () => {
  let looks = 0;
  const ours = orchestrator('ours', (ref, options) => {
    looks += 1;
    return read(ref, options);
  });
  await ours.react(await begun(ours), lease(1));
  const before = looks;
  await ours.react(await readyEvent('tell'), lease(1));
  expect(calls).toEqual(['ours', 'ours']);
  expect(looks).toBe(before);
});
