import { StepReady, type StepDefinition } from '@runledger/contracts';
import { consumedBy } from './consumed-files.js';
import { reachGate } from './gate-reach.js';
import type { RunDraft } from './run-draft.js';
import { stepOf, type RunActor, type RunFacts } from './run-state.js';
import { failStep } from './step-ends.js';
import { workOf } from './step-work.js';

export interface AttemptStart {
  readonly at: string;
  /** The person who wants this further attempt. */
  readonly askedBy?: RunActor;
  /** Instead of the flow's, for this attempt only. */
  readonly instructions?: string;
}

const NOTHING_WANTED = { changes: undefined, instructions: undefined };

/** Hands a step to the sandbox, or to people when it only asks. One that cannot be filled in fails at once. */
export function startAttempt(draft: RunDraft, step: StepDefinition, { at, askedBy, instructions }: AttemptStart): void {
  const run = draft.running;
  const progress = run && stepOf(run, step.key);
  if (!run || !progress) return;
  if (step.gate) return reachGate(draft, step, { definition: step.gate, position: 'between', origin: 'template' }, at);
  const { changes, instructions: edited } = progress.status === 'pending' ? progress : NOTHING_WANTED;
  const filled = workOf(run, step, { instructions: instructions ?? edited, changes: changes?.comment });
  if ('error' in filled) return failStep(draft, step, { outcome: 'ERROR', error: filled.error, at });
  const { runId, choices } = run.plan;
  const asker = askedBy ?? changes?.by ?? run.reopenedBy;
  draft.emit(
    StepReady({
      runId,
      step: step.key,
      attempt: progress.attempt + 1,
      profile: choices.profile,
      ...filled.work,
      timeoutMs: step.timeoutMs,
      ...(step.silenceMs === undefined ? {} : { silenceMs: step.silenceMs }),
      artifacts: step.artifacts,
      ...environmentsOf(run, step),
      ...consumedBy(run, step),
      ...(step.output ? { output: step.output } : {}),
      ...requiredBy(step),
      ...(choices.execution === 'BACKGROUND' && { execution: choices.execution }),
      ...(asker ? { askedBy: asker } : {}),
      readyAt: at,
    }),
  );
}

/** Looked at again when the attempt begins: what was there at the start of the run may have been taken away. */
function requiredBy({ requires }: StepDefinition): { requires?: { credentials: string[]; integrations: string[] } } {
  if (!requires) return {};
  const { credentials, integrations } = requires;
  return credentials.length + integrations.length === 0 ? {} : { requires: { credentials, integrations } };
}

function environmentsOf({ plan }: RunFacts, { requires }: StepDefinition): { readonly environments?: string[] } {
  const names = new Set([...(plan.started.environments ?? []), ...(requires?.environments ?? [])]);
  return names.size === 0 ? {} : { environments: [...names] };
}
