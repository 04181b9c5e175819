import type { DomainEvent } from '@runledger/kernel';
import { foldRun, type FoldedEvent } from './run-reducer.js';
import { withStanding } from './run-standing.js';
import { at, BY } from './run-story.fixture.js';
import type { RunView } from './run-view.js';

/** Facts of a run as they come out of the log, at positions 10, 20, 30, … */
export function recorded(runId: string, events: readonly DomainEvent[]): readonly FoldedEvent[] {
  const metadata = { correlationId: runId, causationId: 'x', actor: BY, workspaceId: 'ws_acme', schemaVersion: 1 };
  return events.map(({ type, data }, index) => ({
    type,
    data,
    position: BigInt(10 * (index + 1)),
    metadata: { ...metadata, occurredAt: at(index) },
  }));
}

/** What is known of the run after these facts, all of its steps at hand. */
export function viewAfter(runId: string, events: readonly DomainEvent[]): RunView {
  const view = recorded(runId, events).reduce<RunView | undefined>(foldRun, undefined);
  if (!view) throw new TypeError('These facts make no run.');
  return withStanding(view, view.steps);
}
