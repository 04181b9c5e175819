import { RunPaused, RunReopened } from '@runledger/contracts';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunDraft } from './run-draft.js';
import type { KnownRun, RunFacts } from './run-state.js';

/** Whether anybody is before a run with a concurrency key is known by its queue alone, which lets it go on when its turn has come. */
export function waitForTurn(draft: RunDraft, pausedAt: string): void {
  const { concurrency, runId } = draft.running?.plan.started ?? {};
  if (!concurrency || runId === undefined) return;
  const reason = `It waits for its turn among the runs of “${concurrency.key}”.`;
  draft.emit(RunPaused({ runId, cause: 'QUEUE', by: ORCHESTRATOR, reason, pausedAt }));
}

/** The run goes on after its end, or before it when it was about to fail. With its end it had left its queue: it takes a new turn. */
export function reopen(draft: RunDraft, run: KnownRun, data: ReturnType<typeof RunReopened>['data']): void {
  draft.emit(RunReopened(data));
  if (run.status === 'ended') waitForTurn(draft, data.reopenedAt);
}

export function isQueued({ paused }: Pick<RunFacts, 'paused'>): boolean {
  return paused?.cause === 'QUEUE';
}
