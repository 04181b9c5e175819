import type { InputOf, RefusalOf, RerunFromStep, RetryRun } from '@runledger/contracts';
import { reject, type Rejection } from '@runledger/kernel';
import type { CheckedRequest } from '../preflight/start-checks.js';
import { concurrencyOf } from '../queues/concurrency-key.js';
import { jsonBytes } from '../values/storable-text.js';
import { inheritedSteps } from './inherited-steps.js';
import type { RetryRun as RetryInPlace } from './run-commands.js';
import { hasFailed } from './run-retry.js';
import type { Origin } from './run-starter.js';
import { stepOf, type KnownRun, type Run } from './run-state.js';
import { interruptedSteps, isKnown, notPossible, runNotFound, stepNotFound } from './run-verbs.js';
import type { Decline, StartRequest } from './start-request.js';

export type Retry = InputOf<typeof RetryRun>;
export type Rerun = InputOf<typeof RerunFromStep>;
export type SuccessionRefusal = Rejection<RefusalOf<typeof RetryRun>>;

/** A new run that goes back to another one: what is asked for, and what it has from there. */
export interface Succession {
  readonly request: StartRequest;
  readonly origin: Origin;
}

/** What was done before is stored with the run's first event, beside its flow and its parameters. */
const MAX_INHERITED_BYTES = 10_000_000;

/** A failed or interrupted run as a new one, which has what the steps have done or, from the beginning, nothing. */
export function cloneOf(source: Run, input: Retry): Succession | SuccessionRefusal {
  if (!isKnown(source)) return runNotFound();
  const mayClone = source.status === 'ended' ? hasFailed(source) : interruptedSteps(source).length > 0;
  if (!mayClone) return notPossible(source, 'retried');
  const lineage = { kind: 'RETRY', of: source.plan.runId } as const;
  const nothing: Origin = () => ({ lineage });
  const whatIsDone: Origin = steps => inheriting(lineage, inheritedSteps(source, steps, undefined));
  const origin = input.from === 'BEGINNING' ? nothing : whatIsDone;
  return { request: requestAgain(source, input), origin };
}

/** An ended run as a new one, which has what was done but for one step and what follows it. */
export function rerunOf(source: Run, input: Rerun): Succession | SuccessionRefusal {
  if (!isKnown(source)) return runNotFound();
  if (source.status !== 'ended') return notPossible(source, 're-run');
  const { step } = input;
  if (!stepOf(source, step)) return stepNotFound(step);
  const lineage = { kind: 'RERUN', of: source.plan.runId, fromStep: step } as const;
  const origin: Origin = steps =>
    steps.some(({ key }) => key === step) ? inheriting(lineage, inheritedSteps(source, steps, step)) : stepGone(step);
  return { request: requestAgain(source, input), origin };
}

/** What was asked for then, with what is different now. */
export function requestAgain({ plan }: KnownRun, { version, parameters }: Retry | Rerun): StartRequest {
  const { flowSlug, flowVersion, onlyStep, subject } = plan.started;
  return {
    flow: flowSlug,
    ...(version === 'LATEST' ? {} : { version: flowVersion }),
    ...(onlyStep === undefined ? {} : { onlyStep }),
    parameters: parameters ?? { ...plan.parameters },
    choices: plan.choices,
    trigger: { kind: 'manual' },
    ...(subject === undefined ? {} : { subject }),
  };
}

/** What a retry in place changes about the run, which is known to the queue of the key that it began with. */
export function changesInPlace(
  { plan }: KnownRun,
  { flow, steps, parameters }: CheckedRequest,
): Pick<RetryInPlace['data'], 'parameters' | 'flow'> | Decline {
  const { version, hash, definition } = flow.flow;
  const { subject, concurrency: before, flowVersion } = plan.started;
  const { concurrency } = concurrencyOf(definition, { parameters: { ...parameters }, subject });
  if (concurrency?.key !== before?.key) return otherQueue();
  const isNew = version !== flowVersion;
  return { parameters: { ...parameters }, ...(isNew ? { flow: { version, hash, steps: [...steps] } } : {}) };
}

function otherQueue(): Decline {
  return reject('PREFLIGHT_FAILED', 'With these changes the run would have another concurrency key.', {
    fix: 'Retry it as a clone: that is a run of its own, with a turn of its own.',
  });
}

type Inheriting = Exclude<ReturnType<Origin>, Decline>;

function inheriting(
  lineage: Inheriting['lineage'],
  inherited: NonNullable<Inheriting['inherited']>,
): Inheriting | Decline {
  if (jsonBytes(inherited) <= MAX_INHERITED_BYTES) return { lineage, inherited };
  return reject('PREFLIGHT_FAILED', 'The earlier steps have said too much for the new run to take over.', {
    fix: 'Retry the run in place, or let steps hand large results on as files.',
  });
}

function stepGone(step: string): Decline {
  return reject('PREFLIGHT_FAILED', `The latest version of the flow has no step ${step}.`, {
    fix: 'Re-run with the same version, or from another step.',
  });
}
