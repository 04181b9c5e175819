import { GateResolved, type RunEvent, type StepDefinition, type StepError } from '@runledger/contracts';
import { reject, type Rejection } from '@runledger/kernel';
import { advance } from './run-advance.js';
import type { ResolveGate } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import { stepOf, type Run, type StepProgress } from './run-state.js';
import { completeStep, failStep, leaveOut } from './step-ends.js';

export type GateRefusal = Rejection<'RUN_NOT_FOUND' | 'GATE_NOT_OPEN'>;

type Decided = ResolveGate['data'];
type Waiting = Extract<StepProgress, { status: 'waiting' }>;

/**
 * What people decided at a gate, and all that follows. A gate is open once and closes with the first decision or with its
 * run (D1). Approve goes on: the step starts, or is completed when people looked at what it did; skip leaves it out, request
 * changes is another attempt, reject ends the run once nothing of it executes.
 */
export function resolveGate(decided: Decided, run: Run): readonly RunEvent[] | GateRefusal {
  if (run.status === 'absent')
    return reject('RUN_NOT_FOUND', 'There is no such run.', { fix: 'Look at the list of runs.' });
  if (run.status !== 'running') return notOpen(decided.gateId);
  const { gateId, decision, by, comment, at } = decided;
  const progress = stepOf(run, decided.step);
  const step = run.plan.steps[run.plan.indexOf.get(decided.step) ?? -1];
  if (!step || progress?.status !== 'waiting' || progress.gateId !== gateId) return notOpen(gateId);
  if (decision === 'REQUEST_CHANGES' && progress.position !== 'after') return noResult(gateId);
  const draft = new RunDraft(run);
  const remark = comment === undefined ? {} : { comment };
  draft.emit(GateResolved({ runId: run.plan.runId, step: step.key, gateId, decision, by, ...remark, resolvedAt: at }));
  follow(draft, step, progress, decided);
  advance(draft, at);
  return draft.events;
}

/** Approved checkpoints and requested changes go on by themselves: the step may start now, unless its run is paused. */
function follow(draft: RunDraft, step: StepDefinition, gate: Waiting, { decision, by, comment, at }: Decided): void {
  switch (decision) {
    case 'APPROVE':
      if (gate.position === 'before') return;
      return completeStep(draft, step, gate.result ?? { attempt: gate.attempt, outcome: 'SUCCESS' }, at);
    case 'SKIP':
      return leaveOut(draft, step, { cause: 'gate', reason: comment ?? 'Skipped at its gate.', by, at });
    case 'FAIL':
      return failStep(draft, step, { outcome: 'ERROR', error: undecided(), attempt: gate.attempt, at });
    case 'REJECT':
    case 'REQUEST_CHANGES':
      return;
  }
}

function undecided(): StepError {
  return {
    code: 'GATE_TIMEOUT',
    message: 'Nobody decided at the gate in time.',
    fix: 'Give the gate more time, or name others who may decide.',
  };
}

function notOpen(gateId: string): GateRefusal {
  return reject(
    'GATE_NOT_OPEN',
    `The gate ${gateId} is not open: it was decided, or its run is over or being stopped.`,
    { fix: 'Look at the run: it says what it waits for now.' },
  );
}

function noResult(gateId: string): GateRefusal {
  return reject('GATE_NOT_OPEN', `The gate ${gateId} shows no result of a step that could be changed.`, {
    fix: 'Approve, reject or skip; changes are asked for at a gate after a step.',
  });
}
