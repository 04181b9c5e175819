import type { RecordedEvent } from '@runledger/event-store';

/** Ends of a run, in its own stream. */
export const RUN_ENDS: ReadonlySet<string> = new Set([
  'RunCompleted',
  'RunFailed',
  'RunRejected',
  'RunCancelled',
  'RunDiscarded',
]);
const STEP_ENDS = new Set(['StepCompleted', 'StepFailed', 'StepBlocked']);

interface Particulars {
  readonly runId?: string;
  readonly requestId?: string;
  readonly gateId?: string;
  readonly attemptId?: string;
  readonly usageId?: string;
  readonly step?: string;
  readonly attempt?: number;
  readonly decision?: string;
  readonly function?: object;
  readonly error?: { readonly code: string };
}

/** Everything that a log must not show once all is over, whatever went wrong on the way; empty when nothing does. */
export function findingsIn(events: readonly RecordedEvent[]): string[] {
  const of = (...types: readonly string[]) =>
    events.filter(({ type }) => types.includes(type)).map(({ data }) => data as Particulars);
  return [
    ...repeated(
      'stored',
      events.map(({ id }) => id),
    ),
    ...repeated(
      'decided (D1)',
      of('ApprovalDecided').map(({ requestId }) => requestId),
    ),
    ...repeated(
      'resolved',
      of('GateResolved').map(({ gateId }) => gateId),
    ),
    ...repeated(
      'claimed (R3)',
      of('AttemptStarted').map(({ attemptId }) => attemptId),
    ),
    ...repeated(
      'ended',
      of('AttemptEnded').map(({ attemptId }) => attemptId),
    ),
    ...repeated(
      'charged (M1)',
      of('ChargeRecorded').map(({ usageId }) => usageId),
    ),
    ...repeated('made ready', of('StepReady').map(placeOf)),
    ...repeated('ended as a step', begun(of(...STEP_ENDS)).map(placeOf)),
    ...missing('decided or withdrawn', requested(of), closed(of)),
    ...missing(
      'ended',
      of('AttemptStarted').map(({ attemptId }) => attemptId),
      of('AttemptEnded').map(({ attemptId }) => attemptId),
    ),
    ...missing('claimed', forSandboxes(of).map(placeOf), of('AttemptStarted').map(placeOf)),
    ...missing(
      'charged',
      of('UsageRecorded').map(({ usageId }) => usageId),
      of('ChargeRecorded').map(({ usageId }) => usageId),
    ),
    ...afterTheEnd(events),
  ];
}

type Of = (...types: readonly string[]) => readonly Particulars[];

const requested = (of: Of) => of('ApprovalRequested').map(({ requestId }) => requestId);
const closed = (of: Of) => of('ApprovalDecided', 'ApprovalWithdrawn').map(({ requestId }) => requestId);

/** Functions are called, and claimed by nobody. */
const forSandboxes = (of: Of) => of('StepReady').filter(ready => ready.function === undefined);

/** Without steps that failed at their gate: those name the attempt that was before it, if any, which has ended by itself. */
const begun = (ends: readonly Particulars[]) =>
  ends.filter(({ attempt, error }) => attempt !== 0 && error?.code !== 'GATE_TIMEOUT');

function placeOf({ runId, step, attempt }: Particulars): string {
  return `${String(runId)} ${String(step)} ${String(attempt)}`;
}

function repeated(what: string, keys: readonly (string | undefined)[]): string[] {
  return keys.flatMap((key, index) => (keys.indexOf(key) < index ? [`${String(key)} was ${what} twice`] : []));
}

function missing(
  what: string,
  keys: readonly (string | undefined)[],
  found: readonly (string | undefined)[],
): string[] {
  const known = new Set(found);
  return keys.flatMap(key => (known.has(key) ? [] : [`${String(key)} was not ${what}`]));
}

/** Nothing of a run begins once it has ended, unless it was opened again. */
function afterTheEnd(events: readonly RecordedEvent[]): string[] {
  const over = new Set<string>();
  return events.flatMap(({ type, category, metadata: { correlationId } }) => {
    if (category !== 'run') return [];
    if (RUN_ENDS.has(type)) over.add(correlationId);
    if (type === 'RunReopened') over.delete(correlationId);
    return over.has(correlationId) && (type === 'StepReady' || type === 'GateReached')
      ? [`${type} in ${correlationId}, which had ended`]
      : [];
  });
}
