import type { StepBlocked, StepReady } from '@runledger/contracts';
import type { EventStore, Position, RecordedEvent } from '@runledger/event-store';
import { attemptId, streamOf } from '@runledger/kernel';

const PAGE = 100;

/**
 * Where in the log the attempt began whose end blocked a step: what it has asked for it has asked for since. A function has no stream
 * of its own: it is called once its step is ready.
 */
export async function attemptBeginning(store: EventStore, blocked: RecordedEvent): Promise<Position> {
  const { runId, step, attempt } = blocked.data as ReturnType<typeof StepBlocked>['data'];
  const attemptStream = { tenant: blocked.tenant, name: streamOf('attempt', attemptId(runId, step, attempt)) };
  const [first] = (await store.readStream(attemptStream, { limit: 1 })).events;
  return first?.position ?? (await readyPosition(store, blocked)) ?? blocked.position;
}

/** Looked for from the end: it became ready not long before. */
async function readyPosition(store: EventStore, blocked: RecordedEvent): Promise<Position | undefined> {
  const { runId, step, attempt } = blocked.data as ReturnType<typeof StepBlocked>['data'];
  const stream = { tenant: blocked.tenant, name: streamOf('run', runId) };
  const isReady = ({ type, data }: RecordedEvent) => {
    const ready = data as ReturnType<typeof StepReady>['data'];
    return type === 'StepReady' && ready.step === step && ready.attempt === attempt;
  };
  for (let from = blocked.revision; from >= 0;) {
    const { events } = await store.readStream(stream, { from, direction: 'backwards', limit: PAGE });
    const found = events.find(isReady);
    if (found) return found.position;
    from = (events.at(-1)?.revision ?? 0) - 1;
  }
  return undefined;
}
