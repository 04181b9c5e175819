import type { StepDefinition } from '@runledger/contracts';
import fc from 'fast-check';
import type { RunCommand } from './run-commands.js';
import type { ModelStep, RunModel } from './run-model.fixture.js';
import * as the from './run.fixture.js';

const GATE = {
  message: 'May it?',
  policy: { count: 1, excludeStarter: false },
  onTimeout: 'FAIL',
  autoApproveInBackground: false,
} as const;
const often = (weight: number) => fc.integer({ min: 1, max: 100 }).map(roll => roll > 100 - weight);

const anyStep = fc.record({
  needs: fc.array(fc.nat(), { maxLength: 3 }),
  before: often(15),
  after: often(15),
  asks: often(8),
  called: often(25),
  condition: fc.constantFrom(undefined, undefined, undefined, 'parameters.on', 'parameters.off'),
  then: fc.constantFrom('FAIL' as const, 'FAIL' as const, 'PAUSE' as const, 'SKIP' as const),
  retries: fc.constantFrom(0, 0, 1, 2),
  route: fc.record({ kind: fc.constantFrom('none', 'none', 'success', 'both'), split: fc.nat() }),
});
type Draft = typeof anyStep extends fc.Arbitrary<infer D> ? D : never;

/** Any flow whose steps need some earlier ones: conditions, routes, gates at every place, every kind of failure policy. */
export const anyFlow = fc
  .array(anyStep, { minLength: 1, maxLength: 9 })
  .map(drafts => withRoutes(drafts.map(stepOf), drafts));

function stepOf(draft: Draft, index: number): StepDefinition {
  const needs = index === 0 ? [] : [...new Set(draft.needs.map(need => `s${need % index}`))];
  const gates = {
    ...(draft.before ? { before: GATE } : {}),
    ...(draft.after && !draft.asks ? { after: GATE } : {}),
  };
  const retry = { max: draft.retries, backoffMs: 1_000, factor: 2, maxBackoffMs: 60_000 };
  const { command, ...step } = the.step(`s${index}`, needs, {
    gates,
    ...(draft.condition ? { if: draft.condition } : {}),
    onFailure: { then: draft.then, ...(draft.retries > 0 ? { retry } : {}) },
  });
  if (draft.asks) return { ...step, gate: GATE };
  return {
    ...step,
    ...(draft.called ? { function: { name: 'ticket', input: { of: step.key } } } : command && { command }),
  };
}

const HANDLED = [['ERROR'], ['BLOCKED'], ['ERROR', 'BLOCKED']] as const;

/** Success leads to some of those that need the step; a handled failure, of either kind or of both, to the others. */
function withRoutes(steps: StepDefinition[], drafts: readonly Draft[]): StepDefinition[] {
  return steps.map((step, index) => {
    const dependents = steps.filter(({ needs }) => needs.includes(step.key)).map(({ key }) => key);
    const { kind, split } = drafts[index]?.route ?? { kind: 'none', split: 0 };
    if (kind === 'none' || dependents.length === 0) return step;
    const cut = 1 + (split % dependents.length);
    const [good, bad] = [dependents.slice(0, cut), dependents.slice(cut)];
    const success = { on: ['SUCCESS' as const], to: good };
    const failure = { on: [...(HANDLED[split % HANDLED.length] ?? [])], to: bad };
    return {
      ...step,
      routes: kind === 'both' && bad.length > 0 ? [success, failure] : [success],
    };
  });
}

/** What the world, the clock or a person does next: `pick` chooses among what there is. */
export const anyMove = fc.record({
  kind: fc.nat({ max: 99 }),
  pick: fc.nat(),
  outcome: fc.constantFrom('SUCCESS', 'SUCCESS', 'SUCCESS', 'PARTIAL', 'ERROR', 'ERROR', 'BLOCKED'),
  decision: fc.constantFrom('APPROVE', 'APPROVE', 'APPROVE', 'SKIP', 'REJECT', 'REQUEST_CHANGES', 'FAIL'),
});
export type Move = typeof anyMove extends fc.Arbitrary<infer M> ? M : never;

/** Mostly what the run waits for, else anything that people may try, fitting or not. */
export function commandFor(model: RunModel, move: Move, at: string): RunCommand {
  const expected = move.kind < 65 ? awaited(model, move, at) : [];
  const possible = expected.length > 0 ? expected : tried(model, move, at);
  const command = possible[move.pick % possible.length];
  if (!command) throw new Error('There is always something to try.');
  return command;
}

function awaited(model: RunModel, move: Move, at: string): RunCommand[] {
  return model.steps.flatMap((step): RunCommand[] => {
    const { key } = step.definition;
    if (step.status === 'executing') return [attemptEnd(model, step, move, at)];
    if (step.status === 'waiting') return [the.decide(key, decisionAt(step, move), step.gateId)];
    if (step.status === 'retrying') return [{ type: 'StartRetry', data: { step: key, attempt: step.attempt + 1, at } }];
    return [];
  });
}

function attemptEnd(model: RunModel, step: ModelStep, { outcome, kind }: Move, at: string): RunCommand {
  const cancelled = model.closing === 'cancelled' && outcome === 'ERROR';
  const error = outcome === 'ERROR' || outcome === 'BLOCKED' ? the.crash : undefined;
  const late = kind === 0 ? 1 : 0;
  return the.ended(step.definition.key, {
    attempt: step.attempt - late,
    outcome: outcome as 'SUCCESS',
    cancelled,
    error,
    at,
  });
}

function decisionAt({ position }: ModelStep, { decision }: Move): 'APPROVE' {
  return (decision === 'REQUEST_CHANGES' && position !== 'after' ? 'APPROVE' : decision) as 'APPROVE';
}

function tried(model: RunModel, { pick, decision }: Move, at: string): RunCommand[] {
  const step = model.steps[pick % model.steps.length];
  if (!step) return [];
  const { key } = step.definition;
  const asked = { by: the.ada, at };
  const attempt = { step: key, attempt: step.attempt, at };
  return [
    { type: 'PauseRun', data: asked },
    { type: 'ResumeRun', data: asked },
    { type: 'RetryRun', data: { ...asked, from: decision === 'REJECT' ? 'BEGINNING' : 'FAILED_STEP' } },
    { type: 'RetryStep', data: { ...asked, step: key } },
    { type: 'SkipStep', data: { ...asked, step: key } },
    { type: 'ForceAdvance', data: { ...asked, step: key } },
    { type: 'DiscardRun', data: asked },
    { type: 'RequestCancel', data: { ...asked, mode: decision === 'APPROVE' ? 'GRACEFUL' : 'FORCE' } },
    { type: 'EnforceCancel', data: { at } },
    { type: 'HoldForBudget', data: { ...attempt, reason: 'Nothing is left.' } },
    { type: 'RecordInterruption', data: { ...attempt, reason: 'The worker died.' } },
    { type: 'RecordReattachment', data: { ...attempt, worker: 'worker-2' } },
    {
      type: 'BlockStep',
      data: { ...attempt, cause: { kind: 'ENVIRONMENT', message: 'It is down.', fix: 'Mend it.' } },
    },
    { type: 'RecordSilence', data: { ...attempt, since: the.at, limitMs: 60_000 } },
    { type: 'RecordSignOfLife', data: attempt },
    the.decide(key, 'APPROVE', step.gateId),
  ];
}
