import type { Link } from '@opentelemetry/api';
import type { StepFunctions } from '@runledger/contracts';
import type { EventStore, RecordedEvent } from '@runledger/event-store';
import { attemptId, streamOf } from '@runledger/kernel';
import type { ConsumerLog } from '@runledger/messaging';
import {
  ATTRIBUTE,
  boundCounter,
  boundHistogram,
  inSpan,
  linkTo,
  NO_TRACES,
  secondsSince,
  storyFields,
} from '@runledger/platform';
import type { Telemetry } from '@runledger/platform';
import { blockCauseOf } from '../runs/block-causes.js';
import type { Ready } from './call-interest.js';
import type { CallOutcome } from './running-call.js';

/** Of a name that no function has. */
const UNKNOWN = '-';
/** An event comes much sooner, unless it came to another process before. */
const AT_ONCE_MS = 1_000;

interface ObserverParts {
  readonly telemetry: Telemetry;
  readonly log: ConsumerLog;
  readonly store: Pick<EventStore, 'readStream'>;
  /** Their names are the labels of the metrics: few, and the operator's. */
  readonly functions: StepFunctions;
}

/** Counts, times and traces calls of functions, and logs those that fail or may be repetitions; never what they were given or said. */
export class CallObserver {
  readonly #calls;
  readonly #durations;
  readonly #executing;
  readonly #waiting;

  constructor(private readonly parts: ObserverParts) {
    const { metrics } = parts.telemetry;
    this.#calls = boundCounter(metrics.counter('functionCalls'), 'function', 'outcome');
    this.#durations = boundHistogram(metrics.histogram('functionCallDuration'), 'function');
    this.#executing = metrics.gauge('functionCallsExecuting');
    this.#executing.set(0);
    this.#waiting = metrics.gauge('functionCallsWaiting');
    this.#waiting.set(0);
  }

  /** How many wait until they may be called. */
  waiting(calls: number): void {
    this.#waiting.set(calls);
  }

  /**
   * What the trace of an attempt goes back to; undefined where nobody traces. To be asked before one looks whether the call is wanted:
   * it takes a while.
   */
  causes({ tenant, metadata, data }: RecordedEvent): Promise<readonly Link[]> | undefined {
    const { telemetry, store } = this.parts;
    if (telemetry.tracer === NO_TRACES) return undefined;
    const run = store.readStream({ tenant, name: streamOf('run', (data as Ready).runId) }, { limit: 1 });
    return run.then(({ events }) => [
      ...linkTo('run started', events[0]?.metadata.traceparent),
      ...linkTo('step ready', metadata.traceparent),
    ]);
  }

  /**
   * The attempt of a function, from its call to the append of its end, is a trace of its own, as those in sandboxes are. `links`: its
   * {@link causes}.
   */
  async attempt(event: RecordedEvent, links: readonly Link[] | undefined, work: () => Promise<void>): Promise<void> {
    if (!links) return work();
    const { tracer } = this.parts.telemetry;
    const { runId, step, attempt } = event.data as Ready;
    const id = attemptId(runId, step, attempt);
    const attributes = {
      [ATTRIBUTE.runId]: runId,
      [ATTRIBUTE.workspaceId]: event.tenant,
      [ATTRIBUTE.attemptId]: id,
      [ATTRIBUTE.step]: step,
      [ATTRIBUTE.attempt]: attempt,
    };
    const fields = { ...storyFields(runId), attemptId: id };
    return inSpan('attempt', { tracer, parent: 'none', links, fields, attributes }, work);
  }

  /** One call, within its attempt. */
  async call(ready: Ready, work: () => Promise<CallOutcome>): Promise<CallOutcome> {
    const startedMs = performance.now();
    const name = this.#nameOf(ready);
    this.#executing.inc();
    try {
      const end = await this.#traced(name, work);
      this.#calls.of(name, outcomeOf(end)).inc();
      this.#durations.of(name).observe(secondsSince(startedMs));
      this.#warn(ready, end);
      return end;
    } finally {
      this.#executing.dec();
    }
  }

  #traced(name: string, work: () => Promise<CallOutcome>): Promise<CallOutcome> {
    if (this.parts.telemetry.tracer === NO_TRACES) return work();
    return inSpan(`call ${name}`, {}, async span => {
      const ended = await work();
      span.setAttribute(ATTRIBUTE.outcome, outcomeOf(ended));
      return ended;
    });
  }

  /**
   * Of an event from before this process had its partition: says so when whoever had it may have called the function. Nobody
   * knows better, since a call is stored with its end alone.
   */
  takenOver({ recordedAt, data }: RecordedEvent): void {
    if (Date.now() - Date.parse(recordedAt) < AT_ONCE_MS) return;
    const fields = this.#fieldsOf(data as Ready);
    this.parts.log.warn(fields, 'a function is called that may have been called before, with the same key');
  }

  #warn(ready: Ready, end: CallOutcome): void {
    if (typeof end === 'string' || !end.error || end.cancelled) return;
    const fields = { ...this.#fieldsOf(ready), outcome: outcomeOf(end), code: end.error.code };
    this.parts.log.warn(fields, 'a function failed; the run says why');
  }

  #fieldsOf(ready: Ready): object {
    const { runId, step, attempt } = ready;
    return { runId, step, attempt, function: this.#nameOf(ready) };
  }

  #nameOf({ function: order }: Ready): string {
    return order && Object.hasOwn(this.parts.functions, order.name) ? order.name : UNKNOWN;
  }
}

/** As attempts end; `GONE` when the run did not wait for it any more, `STOPPED` when this process did not. */
function outcomeOf(end: CallOutcome): string {
  if (typeof end === 'string') return end.toUpperCase();
  const { outcome, error, cancelled } = end;
  if (cancelled) return 'CANCELLED';
  return error && blockCauseOf('ERROR', error) ? 'BLOCKED' : outcome;
}
