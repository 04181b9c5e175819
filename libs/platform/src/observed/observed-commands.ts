import type { CommandContext } from '@runledger/event-store';
import type { CommandOutcome } from '../commands/command-client.js';
import { boundHistogram } from '../metrics/bound-labels.js';
import { secondsSince } from '../metrics/metrics.js';
import { ATTRIBUTE, storyAttributes } from '../traces/attribute-names.js';
import { readTraceparent, writeTraceparent } from '../traces/traceparent.js';
import { currentSpan, inSpan, storyFields } from '../traces/work.js';
import type { Telemetry } from './telemetry.js';

type Outcome = CommandOutcome<unknown, string>;

/** Does the work of one command, and writes down what became of it. */
export type CommandObserver = (
  name: string,
  context: CommandContext,
  work: (context: CommandContext) => Promise<Outcome>,
) => Promise<Outcome>;

/** Counts, times and traces commands where they are answered, whichever transport brought them. */
export function commandObserver({ metrics, tracer }: Telemetry): CommandObserver {
  const durations = boundHistogram(metrics.histogram('commandDuration'), 'command', 'outcome');
  return async (name, context, work) => {
    const startedMs = performance.now();
    let ended: Outcome['status'] | 'failed' = 'failed';
    try {
      return await inSpan(`command ${name}`, { tracer, ...placeOf(name, context) }, async span => {
        const traceparent = writeTraceparent(span.spanContext());
        const outcome = await work({ ...context, ...(traceparent !== undefined && { traceparent }) });
        ended = outcome.status;
        span.setAttribute(ATTRIBUTE.outcome, ended === 'accepted' ? ended : refusalOf(outcome));
        return outcome;
      });
    } finally {
      durations.of(name, ended).observe(secondsSince(startedMs));
    }
  };
}

function refusalOf(outcome: Outcome): string {
  return outcome.status === 'refused' ? outcome.refusal.rejected : outcome.status;
}

/** A command belongs to the work that sent it here; one that came from another process says where that was. */
function placeOf(name: string, { correlationId, commandId, traceparent, workspaceId }: CommandContext) {
  const isWithin = writeTraceparent(currentSpan()?.spanContext()) !== undefined;
  return {
    parent: isWithin ? undefined : readTraceparent(traceparent),
    fields: { ...storyFields(correlationId), commandId },
    attributes: {
      ...storyAttributes(correlationId),
      [ATTRIBUTE.command]: name,
      [ATTRIBUTE.workspaceId]: workspaceId,
    },
  };
}
