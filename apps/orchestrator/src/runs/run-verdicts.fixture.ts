import type { RunCommand } from './run-commands.js';
import type { ModelStep, RunModel } from './run-model.fixture.js';

export type Verdict = 'done' | 'nothing' | 'refused';

/** From which states people may use which verb, and what else changes nothing. */
export function verdict(command: RunCommand, model: RunModel): Verdict {
  switch (command.type) {
    case 'PauseRun':
      if (!model.ended && model.paused?.cause === 'OPERATOR') return 'nothing';
      return done(
        (isOpen(model) && ['executing', 'retrying'].some(status => model.all(status).length > 0)) ||
          (isOpen(model) && model.startable.length > 0),
      );
    case 'ResumeRun':
      if (model.ended) return done(model.ended === 'cancelled' && !model.discarded);
      return done(
        isOpen(model) && (model.paused !== undefined || model.all('blocked').length > 0 || model.silent.length > 0),
      );
    case 'RetryRun':
      return retryRun(model, command.data.from);
    case 'RetryStep':
      return done(mayRetry(model, model.step(command.data.step)));
    case 'SkipStep':
      return skip(model, model.step(command.data.step), ['failed', 'blocked', 'retrying'], 'SKIP');
    case 'ForceAdvance':
      return skip(
        model,
        model.step(command.data.step),
        ['failed', 'blocked', 'retrying', 'executing'],
        'FORCE_ADVANCE',
      );
    case 'DiscardRun':
      return discard(model);
    case 'RequestCancel':
      if (model.ended) return 'refused';
      if (model.closing !== 'cancelled') return 'done';
      return model.force || command.data.mode === 'GRACEFUL' ? 'nothing' : 'done';
    case 'ResolveGate': {
      const { status, gateId } = model.step(command.data.step);
      return done(!model.ended && status === 'waiting' && gateId === command.data.gateId);
    }
    case 'RecordAttemptEnded':
    case 'BlockStep':
      return did(inProgress(model, command.data));
    case 'HoldForBudget':
      if (model.closing) return did(inProgress(model, command.data) && model.closing !== 'cancelled');
      return did(inProgress(model, command.data) && !model.paused);
    case 'RecordSilence': {
      const { interrupted, silent } = model.step(command.data.step);
      return did(inProgress(model, command.data) && !model.paused && !interrupted && !silent);
    }
    case 'RecordSignOfLife':
      return did(inProgress(model, command.data) && model.step(command.data.step).silent);
    case 'RecordInterruption':
      return did(inProgress(model, command.data) && !model.step(command.data.step).interrupted);
    case 'RecordReattachment':
      return did(inProgress(model, command.data) && model.step(command.data.step).interrupted);
    case 'StartRetry': {
      const { status, attempt } = model.step(command.data.step);
      return did(isOpen(model) && !model.paused && status === 'retrying' && attempt + 1 === command.data.attempt);
    }
    case 'EnforceCancel':
      return did(!model.ended && model.closing === 'cancelled' && command.data.at >= model.stopBy);
    case 'StartRun':
    case 'DeclineRun':
      return 'nothing';
  }
}

function retryRun(model: RunModel, from: 'FAILED_STEP' | 'BEGINNING'): Verdict {
  const executing = model.all('executing');
  if (hasFailed(model)) return done(from === 'FAILED_STEP' || executing.length === 0 || model.ended !== undefined);
  if (!isOpen(model) || from === 'BEGINNING') return 'refused';
  if (model.paused) return done(model.paused.cause === 'STEP_FAILED' && model.failures.length > 0);
  return done(executing.some(({ interrupted }) => interrupted));
}

function mayRetry(model: RunModel, step: ModelStep): boolean {
  const { status, handled, interrupted, silent, definition } = step;
  const open = !model.ended;
  const fits =
    (status === 'failed' && !handled) ||
    (status === 'executing' && (interrupted || silent)) ||
    ((status === 'blocked' || status === 'retrying') && open);
  if (!fits) return false;
  if (hasFailed(model)) return true;
  return (
    isOpen(model) && (!model.paused || (model.paused.cause === 'STEP_FAILED' && model.paused.step === definition.key))
  );
}

function skip(model: RunModel, step: ModelStep, from: readonly string[], verb: 'SKIP' | 'FORCE_ADVANCE'): Verdict {
  // All verbs of a play are one member's.
  const isAnswered = step.answered === 'FORCE_ADVANCE' || step.answered === verb;
  if (step.status === 'waiting') return model.ended ? 'refused' : isAnswered ? 'nothing' : 'done';
  const isSilent = step.status === 'executing' && step.silent;
  if ((!from.includes(step.status) && !isSilent) || step.handled) return 'refused';
  return done(hasFailed(model) || isOpen(model));
}

function discard(model: RunModel): Verdict {
  if (model.discarded) return 'nothing';
  if (model.ended) return done(model.ended === 'failed' || model.ended === 'cancelled');
  const gone = model.all('executing').filter(({ interrupted }) => interrupted);
  const others = model.steps.filter(step => ['waiting', 'blocked', 'retrying'].includes(step.status)).length;
  return done(isOpen(model) && gone.length > 0 && gone.length === model.all('executing').length && others === 0);
}

function inProgress(model: RunModel, { step, attempt }: { readonly step: string; readonly attempt: number }): boolean {
  const found = model.step(step);
  return !model.ended && found.status === 'executing' && found.attempt === attempt;
}

/** It has not ended, and nobody and nothing has decided that it will. */
function isOpen(model: RunModel): boolean {
  return !model.ended && !model.closing;
}

function hasFailed(model: RunModel): boolean {
  return model.ended ? model.ended === 'failed' && !model.discarded : model.closing === 'failed';
}

function done(is: boolean): Verdict {
  return is ? 'done' : 'refused';
}

function did(is: boolean): Verdict {
  return is ? 'done' : 'nothing';
}
