import { RunPaused, RunReopened } from '@runledger/contracts';
import type { RunEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import { RunDraft } from './run-draft.js';
import type { KnownRun, RunFacts } from './run-state.js';
import type { SteeringRefusal } from './run-verbs.js';

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

/** Nobody goes ahead of their turn: a run that waits for it goes on waiting, also one that someone had paused meanwhile. */
export function keepTurn(run: KnownRun, behind: string, at: string): readonly RunEvent[] | SteeringRefusal {
  if (isQueued(run)) {
    return reject('NOT_POSSIBLE', `The run waits for its turn behind run ${behind}, and goes on by itself.`, {
      fix: `Wait until run ${behind} has ended, or cancel it.`,
    });
  }
  const draft = new RunDraft(run);
  waitForTurn(draft, at);
  return draft.events;
}

export function isQueued({ paused }: Pick<RunFacts, 'paused'>): boolean {
  return paused?.cause === 'QUEUE';
}
