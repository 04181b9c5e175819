import { createHash } from 'node:crypto';
import type { RunDeclined, RunStarted } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { canonicalJson, UnknownEventError } from '@runledger/kernel';

/** SHA-256 of a line's UTF-8 bytes without its line end, lower-case hex: what the next line carries as `prev`. */
export function lineHash(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/** First line: which run this is. `data` is the first event's, upcast to today's version. */
export function headerLine(first: RecordedEvent, data: unknown): string {
  return canonicalJson({
    format: 'runledger.audit',
    version: 1,
    workspaceId: first.tenant,
    ...about(first, data),
  });
}

function about(first: RecordedEvent, data: unknown): Record<string, unknown> {
  if (first.type === 'RunStarted') {
    const run = data as ReturnType<typeof RunStarted>['data'];
    const flow = {
      id: run.flowId,
      slug: run.flowSlug,
      name: run.flowName,
      version: run.flowVersion,
      hash: run.flowHash,
    };
    return { runId: run.runId, flow, startedAt: run.startedAt, startedBy: run.startedBy };
  }
  if (first.type === 'RunDeclined') {
    const declined = data as ReturnType<typeof RunDeclined>['data'];
    return { runId: declined.runId, flow: { slug: declined.flow }, declinedAt: declined.declinedAt };
  }
  throw new UnknownEventError(first.type, first.metadata.schemaVersion, 'a run begins with RunStarted or RunDeclined.');
}

/** One event exactly as it was stored. Positions are strings: they outgrow what JSON numbers hold exactly. */
export function eventLine(event: RecordedEvent, prev: string): string {
  const { metadata } = event;
  return canonicalJson({
    prev,
    position: String(event.position),
    id: event.id,
    type: event.type,
    schemaVersion: metadata.schemaVersion,
    stream: event.stream,
    revision: event.revision,
    occurredAt: metadata.occurredAt,
    recordedAt: event.recordedAt,
    actor: metadata.actor,
    correlationId: metadata.correlationId,
    causationId: metadata.causationId,
    data: event.data,
  });
}

/** Last line: how much there was, so that a cut is noticed, and the hash that stands for all lines before it. */
export function trailerLine(end: {
  readonly events: number;
  readonly lastPosition: bigint;
  readonly head: string;
}): string {
  return canonicalJson({ prev: end.head, events: end.events, lastPosition: String(end.lastPosition), head: end.head });
}
