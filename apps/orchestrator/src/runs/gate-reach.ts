import { GateReached, type GateDefinition, type StepDefinition, type StepResultData } from '@runledger/contracts';
import { gateId } from '@runledger/kernel';
import { evidenceFor, evidenceOf } from './gate-evidence.js';
import type { RunDraft } from './run-draft.js';
import { stepOf, type GatePosition, type RunFacts } from './run-state.js';

/** A gate that the run has come to, and where it stands. */
export interface Gate {
  readonly definition: GateDefinition;
  readonly position: GatePosition;
  readonly origin: 'template' | 'every_step';
  /** At a review: what people look at. */
  readonly result?: StepResultData;
}

/** The checkpoint before a step. The run's own choice concerns these alone: approvals and reviews stay where the flow has them. */
export function checkpointBefore({ plan }: RunFacts, step: StepDefinition): Gate | undefined {
  const { checkpointMode } = plan.choices;
  const template = checkpointMode === 'NONE' ? undefined : step.gates?.before;
  if (template) return { definition: template, position: 'before', origin: 'template' };
  if (checkpointMode !== 'EVERY_STEP' || step.gate) return undefined;
  return { definition: everyStep(step.name), position: 'before', origin: 'every_step' };
}

export function reachGate(draft: RunDraft, step: StepDefinition, gate: Gate, at: string): void {
  const run = draft.running;
  if (!run) return;
  const { runId, choices, started } = run.plan;
  const { position, origin, result } = gate;
  const { message, ...terms } = gate.definition;
  const round = (stepOf(run, step.key)?.asked ?? 0) + 1;
  draft.emit(
    GateReached({
      runId,
      step: step.key,
      gateId: gateId(runId, step.key, position, round),
      position,
      origin,
      message,
      terms,
      startedBy: started.startedBy,
      execution: choices.execution,
      shown: result ? evidenceOf(run, step, result) : evidenceFor(run, step),
      ...(result ? { result } : {}),
      reachedAt: at,
    }),
  );
}

function everyStep(stepName: string): GateDefinition {
  return {
    message: `Start “${stepName}”?`,
    policy: { count: 1, excludeStarter: false },
    onTimeout: 'FAIL',
    autoApproveInBackground: false,
  };
}
