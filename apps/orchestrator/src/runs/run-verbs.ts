import { reject, type Rejection } from '@runledger/kernel';
import type { KnownRun, Run } from './run-state.js';

export type SteeringRefusal = Rejection<'RUN_NOT_FOUND' | 'STEP_NOT_FOUND' | 'NOT_POSSIBLE'>;

export type RunStanding =
  | 'pending'
  | 'running'
  | 'paused'
  | 'waiting for people'
  | 'blocked'
  | 'interrupted'
  | 'being cancelled'
  | 'about to fail'
  | 'about to be rejected'
  | 'completed'
  | 'failed'
  | 'rejected'
  | 'cancelled'
  | 'discarded';

/** Of parallel steps the most demanding state holds: blocked before paused before interrupted before running. */
export function standingOf(run: KnownRun): RunStanding {
  if (run.status === 'ended') return run.discarded ? 'discarded' : run.as;
  if (run.closing) return CLOSINGS[run.closing.as];
  const { counts } = run;
  if (counts.blocked + run.silent > 0) return 'blocked';
  if (run.paused) return 'paused';
  if (counts.waiting > 0) return 'waiting for people';
  if (interruptedSteps(run).length > 0) return 'interrupted';
  return counts.pending === run.plan.steps.length ? 'pending' : 'running';
}

const CLOSINGS = {
  cancelled: 'being cancelled',
  failed: 'about to fail',
  rejected: 'about to be rejected',
} as const;

/** What people can do with a run as it stands; each refusal says it. */
const VERBS: Readonly<Record<RunStanding, readonly string[]>> = {
  pending: ['cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  'waiting for people': ['decide', 'skip the waiting step', 'cancel'],
  blocked: ['resume', 'retry or skip the blocked step', 'cancel'],
  interrupted: ['wait for another worker', 'retry', 'discard', 'cancel'],
  'being cancelled': ['cancel by force'],
  'about to fail': ['retry or skip the failed step', 'cancel'],
  'about to be rejected': ['cancel'],
  completed: ['re-run from a step'],
  failed: ['retry', 'skip the failed step', 're-run from a step', 'discard'],
  rejected: ['re-run from a step'],
  cancelled: ['resume', 're-run from a step', 'discard'],
  discarded: ['re-run from a step'],
};

export function runNotFound(): SteeringRefusal {
  return reject('RUN_NOT_FOUND', 'There is no such run.', { fix: 'Look at the list of runs.' });
}

export function stepNotFound(step: string): SteeringRefusal {
  return reject('STEP_NOT_FOUND', `The run has no step ${step}.`, {
    fix: 'Take a `key` from the `timeline` of the run.',
  });
}

/** `verb` as in “cannot be paused”. */
export function notPossible(run: KnownRun, verb: string): SteeringRefusal {
  const standing = standingOf(run);
  return reject('NOT_POSSIBLE', `The run is ${standing}: it cannot be ${verb} now.`, {
    fix: `Possible now: ${VERBS[standing].join(', ')}.`,
  });
}

export function stepNotPossible(run: KnownRun, step: { key: string; status: string }, verb: string): SteeringRefusal {
  const standing = standingOf(run);
  return reject(
    'NOT_POSSIBLE',
    `Step ${step.key} is ${step.status} and the run ${standing}: it cannot be ${verb} now.`,
    {
      fix: `Possible now: ${VERBS[standing].join(', ')}.`,
    },
  );
}

/** A declined start is no run. */
export function isKnown(run: Run): run is KnownRun {
  return run.status === 'running' || run.status === 'ended';
}

/** Places of the steps whose worker is gone. */
export function interruptedSteps(run: KnownRun): number[] {
  if (run.counts.executing === 0 || run.interrupted === 0) return [];
  return run.steps.indexesOf(step => step.status === 'executing' && step.interrupted);
}
