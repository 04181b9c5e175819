import type { RunEvent } from '@runledger/contracts';
import type { KnownRun, StepProgress } from './run-state.js';
import { answerKey, stepOf } from './run-state.js';
import { moved } from './step-moves.js';

export type StepEvent = Extract<RunEvent, { type: `Step${string}` | `Gate${string}` }>;
type DataOf<Type extends StepEvent['type']> = Extract<StepEvent, { type: Type }>['data'];

/** The run with the step of the event in its new state. */
export function evolveStep(run: KnownRun, event: StepEvent): KnownRun {
  const { step } = event.data;
  switch (event.type) {
    case 'StepReady':
      return executing(run, event.data);
    case 'GateReached':
      return waiting(run, event.data);
    case 'GateResolved':
      return resolved(run, event.data);
    case 'GateAnswered':
      return changed(run, step, progress =>
        progress.status === 'waiting'
          ? { ...progress, answered: [...progress.answered, answerKey(event.data)] }
          : progress,
      );
    case 'StepCompleted': {
      const { outcome, summary, output } = event.data;
      return moved(run, step, { status: 'completed', outcome, summary, output });
    }
    case 'StepFailed': {
      const { attempt, outcome, error, then } = event.data;
      return moved(run, step, { status: 'failed', outcome, error, handled: then === 'ROUTE', attempt });
    }
    case 'StepBlocked':
      return blocked(run, event.data);
    case 'StepHeardAgain':
      return changed(run, step, progress =>
        progress.status === 'executing' ? { ...progress, silent: false } : progress,
      );
    case 'StepRetryScheduled':
      return moved(run, step, { status: 'retrying', dueAt: event.data.dueAt });
    case 'StepSkipped': {
      const notTaken = event.data.cause === 'not_taken';
      return [step, ...(event.data.others ?? [])].reduce(
        (next, key) => moved(next, key, { status: 'skipped', notTaken }),
        run,
      );
    }
    case 'StepInterrupted':
      return changed(run, step, progress =>
        progress.status === 'executing' ? { ...progress, interrupted: true } : progress,
      );
    case 'StepReattached':
      return changed(run, step, progress =>
        progress.status === 'executing' ? { ...progress, interrupted: false } : progress,
      );
    case 'StepCancelled':
      return moved(run, step, { status: 'cancelled' });
    case 'StepInstructionsEdited': {
      const { instructions } = event.data;
      return changed(run, step, progress => (progress.status === 'pending' ? { ...progress, instructions } : progress));
    }
    case 'StepForceAdvanced':
      return run;
  }
}

function executing(run: KnownRun, { step, attempt }: DataOf<'StepReady'>): KnownRun {
  const before = stepOf(run, step);
  const tries = before?.status === 'retrying' ? before.tries + 1 : 1;
  return moved(run, step, { status: 'executing', interrupted: false, silent: false, attempt, tries, passed: true });
}

/** Who is merely silent may still be at work: the attempt is not given up. */
function blocked(run: KnownRun, { step, cause }: DataOf<'StepBlocked'>): KnownRun {
  if (cause.kind !== 'SILENT') return moved(run, step, { status: 'blocked', cause });
  return changed(run, step, progress => (progress.status === 'executing' ? { ...progress, silent: true } : progress));
}

function waiting(run: KnownRun, { step, gateId, position, result }: DataOf<'GateReached'>): KnownRun {
  const asked = (stepOf(run, step)?.asked ?? 0) + 1;
  return moved(run, step, { status: 'waiting', gateId, position, result, answered: [], asked });
}

/** Whoever is let through goes on by itself, now or when the run is resumed; the other decisions have events of their own. */
function resolved(run: KnownRun, { step, decision, comment, by }: DataOf<'GateResolved'>): KnownRun {
  const progress = stepOf(run, step);
  if (progress?.status !== 'waiting') return run;
  if (decision === 'REQUEST_CHANGES') {
    return moved(run, step, { status: 'pending', openNeeds: 0, changes: { comment: comment ?? '', by } });
  }
  if (decision !== 'APPROVE' || progress.position !== 'before') return run;
  return moved(run, step, { status: 'pending', openNeeds: 0, passed: true });
}

function changed(run: KnownRun, key: string, change: (progress: StepProgress) => StepProgress): KnownRun {
  const progress = stepOf(run, key);
  return progress ? moved(run, key, change(progress)) : run;
}
