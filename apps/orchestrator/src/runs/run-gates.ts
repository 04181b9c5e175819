import { GateResolved, StepFailed, StepSkipped, type RunEvent } from '@runledger/contracts';
import { reject, type Rejection } from '@runledger/kernel';
import { advance, startStep } from './run-advance.js';
import type { ResolveGate } from './run-commands.js';
import { RunDraft } from './run-draft.js';
import type { Run } from './run-state.js';

export type GateRefusal = Rejection<'RUN_NOT_FOUND' | 'GATE_NOT_OPEN'>;

/**
 * What people decided at a gate, and all that follows. A gate is open once and closes with the first decision or with its
 * run (D1); approve starts the step, skip leaves it out, reject ends the run once nothing of it executes.
 */
export function resolveGate(decided: ResolveGate['data'], run: Run): readonly RunEvent[] | GateRefusal {
  if (run.status === 'absent') return reject('RUN_NOT_FOUND', 'There is no such run.');
  if (run.status !== 'running') return notOpen(decided.gateId);
  const { runId, indexOf, steps } = run.plan;
  const index = indexOf.get(decided.step) ?? -1;
  const progress = run.steps.at(index);
  const step = steps[index];
  if (!step || progress?.status !== 'waiting' || progress.gateId !== decided.gateId) return notOpen(decided.gateId);
  const { gateId, decision, by, comment, at } = decided;
  const remark = comment === undefined ? {} : { comment };
  const draft = new RunDraft(run);
  draft.emit(GateResolved({ runId, step: step.key, gateId, decision, by, ...remark, resolvedAt: at }));
  switch (decision) {
    case 'APPROVE':
      startStep(draft, run, step, at);
      break;
    case 'SKIP':
      draft.emit(
        StepSkipped({
          runId,
          step: step.key,
          cause: 'gate',
          reason: comment ?? 'Skipped at its gate.',
          by,
          skippedAt: at,
        }),
      );
      break;
    case 'FAIL':
      draft.emit(undecidedStep(runId, step.key, at));
      break;
    case 'REJECT':
    case 'REQUEST_CHANGES':
      break;
  }
  advance(draft, at);
  return draft.events;
}

function undecidedStep(runId: string, step: string, at: string): RunEvent {
  const error = {
    code: 'GATE_TIMEOUT',
    message: 'Nobody decided at the gate in time.',
    fix: 'Give the gate more time, or name others who may decide.',
  };
  return StepFailed({ runId, step, attempt: 1, outcome: 'ERROR', error, failedAt: at });
}

function notOpen(gateId: string): GateRefusal {
  return reject(
    'GATE_NOT_OPEN',
    `The gate ${gateId} is not open: it was decided, or its run is over or being stopped.`,
  );
}
