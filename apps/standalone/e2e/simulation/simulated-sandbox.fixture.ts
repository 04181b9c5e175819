import { AttemptEnded, AttemptStarted, UsageRecorded } from '@runledger/contracts';
import type { AttemptOutcome, StepReady } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { NewEvent, RecordedEvent, StreamRef } from '@runledger/event-store';
import { attemptId, streamOf } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import { Chance, hash } from './chance.fixture.js';
import type { SimulatedMoney } from './simulated-money.fixture.js';
import type { ServiceLogic, ServiceParts } from './simulated-service.fixture.js';

type Ready = ReturnType<typeof StepReady>['data'];

/**
 * Stands for the sandbox service: claims a ready step, works for a while and ends the attempt. How an attempt ends is a matter of
 * its id and the seed, so that it ends the same way however often it is begun.
 */
export function simulatedSandbox(seed: number, work: (parts: ServiceParts) => Promise<void>, money?: SimulatedMoney) {
  return (parts: ServiceParts): ServiceLogic => {
    const reactor: Reactor = {
      name: 'simulated.sandbox',
      types: ['StepReady'],
      concerns: ({ data }) => (data as Ready).function === undefined,
      partitionBy: event => attemptOf(event),
      react: event => attempt(event, { parts, seed, work, money }),
    };
    return { answer: () => undefined, reactors: () => [reactor], timerKinds: () => [] };
  };
}

interface Doing {
  readonly parts: ServiceParts;
  readonly seed: number;
  readonly work: (parts: ServiceParts) => Promise<void>;
  readonly money: SimulatedMoney | undefined;
}

async function attempt(event: RecordedEvent, { parts, seed, work, money }: Doing): Promise<void> {
  const { store, clock } = parts;
  const { runId, step, attempt: number, profile } = event.data as Ready;
  const id = attemptOf(event);
  const place = { attemptId: id, runId, step, attempt: number };
  const stream = { tenant: event.tenant, name: streamOf('attempt', id) };
  const started = AttemptStarted({
    ...{ ...place, kind: 'command', profile, profileVersion: 1, driver: 'simulated', worker: 'w' },
    startedAt: clock.now(),
  });
  await store.append(stream, [asNew(event, started, 0)], 'no-stream');
  await work(parts);
  const chance = new Chance(seed ^ hash(id));
  if (money && (await isEnded(stream, parts))) return;
  const calls = money ? await money.callModels(event, place, { parts, chance, work }) : [];
  const cancelled = await isCancelled(event, parts);
  const outcome = cancelled ? 'ERROR' : chance.of<AttemptOutcome>(OUTCOMES);
  const at = clock.now();
  const usage = { kind: 'compute', resourceClass: 'small', milliseconds: 1 + chance.below(5_000) } as const;
  const used = UsageRecorded({ ...place, usageId: `use_${id.slice(4)}.1`, usage, at });
  const ended = AttemptEnded({
    ...{ ...place, outcome, cancelled, turns: 0, elapsedMs: 1, endedAt: at },
    ...(outcome === 'SUCCESS' || outcome === 'PARTIAL'
      ? { summary: `${step} did it`, output: { risk: chance.below(10) } }
      : { error: { code: outcome === 'BLOCKED' ? 'auth' : 'COMMAND_FAILED', message: 'as the seed says' } }),
  });
  // The end carries on from the start, whatever a former life of this service has stored meanwhile.
  await store.append(
    stream,
    [used, ...calls, ended].map((fact, at) => asNew(event, fact, at + 1)),
    0,
  );
}

const OUTCOMES: readonly AttemptOutcome[] = ['SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS', 'PARTIAL', 'ERROR', 'BLOCKED'];

/** In a former life: nothing more is set aside for it then. */
async function isEnded(stream: StreamRef, { store }: ServiceParts): Promise<boolean> {
  const { events } = await store.readStream(stream);
  return events.some(({ type }) => type === AttemptEnded.type);
}

async function isCancelled(event: RecordedEvent, { store }: ServiceParts): Promise<boolean> {
  const { runId } = event.data as Ready;
  const { events } = await store.readStream({ tenant: event.tenant, name: streamOf('run', runId) });
  return events.some(({ type, position }) => type === 'RunCancelRequested' && position > event.position);
}

function attemptOf(event: RecordedEvent): string {
  const { runId, step, attempt: number } = event.data as Ready;
  return attemptId(runId, step, number);
}

function asNew(cause: RecordedEvent, { type, data }: { type: string; data: unknown }, index: number): NewEvent {
  const { correlationId, workspaceId, occurredAt } = cause.metadata;
  const actor = { kind: 'service', id: 'sandbox' } as const;
  const metadata = { correlationId, causationId: cause.id, actor, workspaceId, occurredAt, schemaVersion: 1 };
  return { id: derivedId(cause.id, 'simulated.sandbox', index), type, data, metadata };
}
