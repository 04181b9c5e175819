import type { Link } from '@opentelemetry/api';
import type { EventStore } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import {
  ATTRIBUTE,
  boundCounter,
  boundHistogram,
  inSpan,
  linkTo,
  NO_TRACES,
  readTraceparent,
  secondsSince,
  storyFields,
} from '@runledger/platform';
import type { Telemetry } from '@runledger/platform';
import type { AttemptHistory } from './attempt-history.js';
import type { ReadyAttempt } from './attempt-place.js';

/** What an execution says of itself while it goes on. */
export interface ExecutionNotes {
  /** The attempt is this worker's, in this epoch. */
  claimed(epoch: number): void;
  /** Its end is on the log. */
  ended(outcome: string): void;
}

/** Newest events of a run among which the one that made a step ready is looked for. */
const RECENT_EVENTS = 200;

/**
 * Counts, times and traces attempts. An attempt lives long and outlives its workers, so its trace is its own, and the same
 * for all of them; links lead to the start of its run and to what made its step ready.
 */
export class AttemptObserver {
  readonly #started;
  readonly #outcomes;
  readonly #durations;
  readonly #executing;

  constructor(
    private readonly telemetry: Telemetry,
    private readonly store: Pick<EventStore, 'readStream'>,
  ) {
    const { metrics } = telemetry;
    this.#started = boundCounter(metrics.counter('attemptsStarted'), 'how');
    this.#outcomes = boundCounter(metrics.counter('attemptsEnded'), 'outcome');
    this.#durations = boundHistogram(metrics.histogram('attemptDuration'), 'outcome');
    this.#executing = metrics.gauge('attemptsExecuting');
    this.#executing.set(0);
  }

  async execution<End>(
    attempt: ReadyAttempt,
    found: AttemptHistory,
    work: (notes: ExecutionNotes) => Promise<End>,
  ): Promise<End> {
    const { tracer } = this.telemetry;
    const { runId, attemptId } = attempt.place;
    const options = {
      tracer,
      parent: readTraceparent(found.traceparent) ?? ('none' as const),
      links: tracer === NO_TRACES ? [] : await this.#causes(attempt),
      fields: { ...storyFields(runId), attemptId },
      attributes: attributesOf(attempt),
    };
    const startedMs = performance.now();
    this.#executing.inc();
    try {
      return await inSpan('attempt', options, span =>
        work({
          claimed: epoch => {
            span.setAttribute(ATTRIBUTE.epoch, epoch);
            this.#started.of(epoch === 1 ? 'started' : 'resumed').inc();
          },
          ended: outcome => {
            span.setAttribute(ATTRIBUTE.outcome, outcome);
            this.#outcomes.of(outcome).inc();
            this.#durations.of(outcome).observe(secondsSince(startedMs));
          },
        }),
      );
    } finally {
      this.#executing.dec();
    }
  }

  async #causes({ workspaceId, place, readyEventId }: ReadyAttempt): Promise<Link[]> {
    const run = { tenant: workspaceId, name: streamOf('run', place.runId) };
    const [start, recent] = await Promise.all([
      this.store.readStream(run, { limit: 1 }),
      this.store.readStream(run, { direction: 'backwards', limit: RECENT_EVENTS }),
    ]);
    const ready = recent.events.find(({ id }) => id === readyEventId);
    return [
      ...linkTo('run started', start.events[0]?.metadata.traceparent),
      ...linkTo('step ready', ready?.metadata.traceparent),
    ];
  }
}

function attributesOf({ workspaceId, place }: ReadyAttempt) {
  return {
    [ATTRIBUTE.runId]: place.runId,
    [ATTRIBUTE.workspaceId]: workspaceId,
    [ATTRIBUTE.attemptId]: place.attemptId,
    [ATTRIBUTE.step]: place.step,
    [ATTRIBUTE.attempt]: place.attempt,
  };
}
