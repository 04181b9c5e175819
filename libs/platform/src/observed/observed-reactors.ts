import { SpanKind } from '@opentelemetry/api';
import type { PartitionLease, RecordedEvent } from '@runledger/event-store';
import { ReactorHost } from '@runledger/messaging';
import type { Reactor, RunningConsumer, Tenure } from '@runledger/messaging';
import { boundHistogram } from '../metrics/bound-labels.js';
import type { BoundLabels } from '../metrics/bound-labels.js';
import { secondsSince } from '../metrics/metrics.js';
import { ATTRIBUTE, storyAttributes } from '../traces/attribute-names.js';
import { readTraceparent } from '../traces/traceparent.js';
import { inSpan, storyFields } from '../traces/work.js';
import { withReplaced } from './replaced-members.js';
import type { Telemetry } from './telemetry.js';

type Durations = BoundLabels<{ observe(seconds: number): void }>;

/** A host whose reactions are timed, and belong to the trace of the event that they answer. */
export class ObservedReactorHost extends ReactorHost {
  readonly #telemetry: Telemetry;
  readonly #durations: Durations;

  constructor(telemetry: Telemetry, ...parts: ConstructorParameters<typeof ReactorHost>) {
    super(...parts);
    this.#telemetry = telemetry;
    this.#durations = boundHistogram(telemetry.metrics.histogram('reactionDuration'), 'consumer', 'outcome');
  }

  override start(reactor: Reactor): Promise<RunningConsumer> {
    return super.start(observed(reactor, this.#telemetry, this.#durations));
  }
}

function observed(reactor: Reactor, { tracer }: Telemetry, durations: Durations): Reactor {
  const done = durations.of(reactor.name, 'done');
  const failed = durations.of(reactor.name, 'failed');
  const react = async (event: RecordedEvent, lease?: PartitionLease, tenure?: Tenure) => {
    const startedMs = performance.now();
    let outcome = failed;
    try {
      await inSpan(`react ${reactor.name}`, { tracer, ...placeOf(reactor.name, event) }, () =>
        reactor.react(event, lease, tenure),
      );
      outcome = done;
    } finally {
      outcome.observe(secondsSince(startedMs));
    }
  };
  return withReplaced(reactor, { react });
}

function placeOf(consumer: string, event: RecordedEvent) {
  const { correlationId, traceparent } = event.metadata;
  return {
    kind: SpanKind.CONSUMER,
    parent: readTraceparent(traceparent) ?? ('none' as const),
    fields: { ...storyFields(correlationId), consumer },
    attributes: {
      ...storyAttributes(correlationId),
      [ATTRIBUTE.consumer]: consumer,
      [ATTRIBUTE.eventType]: event.type,
      [ATTRIBUTE.position]: String(event.position),
      [ATTRIBUTE.workspaceId]: event.tenant,
    },
  };
}
