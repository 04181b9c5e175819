import type { InheritedStep } from '@runledger/contracts';
import type { PastEvent } from './run-past.js';

/** With which files an attempt begins. */
export type Beginning =
  /** With what is in the workspace. */
  | { readonly kind: 'as-is' }
  /** With a new workspace: set up as the profile says. */
  | { readonly kind: 'set-up' }
  /** With a snapshot. `of`: whose files they are. */
  | { readonly kind: 'snapshot'; readonly root: string; readonly of: string }
  /** With files that were not kept. */
  | { readonly kind: 'missing'; readonly reason: string };

export interface Question {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  /** Whether the run's workspace is there, set up and worked in. */
  readonly live: boolean;
}

interface Kept {
  readonly at: number;
  readonly step: string;
  readonly attempt: number;
  readonly moment: 'before' | 'after';
  readonly files: Beginning;
}

/**
 * With which files an attempt begins, by what the log says. A step that is tried again begins with the files that it began with,
 * not with what its failed attempt left; unless people asked for changes of what it did, or another step has worked since, whose
 * files would be lost. A run that goes back to another one begins where the first of its steps began there.
 */
export async function beginningOf(
  question: Question,
  past: readonly PastEvent[],
  pastOf: (runId: string) => Promise<readonly PastEvent[]>,
): Promise<Beginning> {
  const begunAnew = past.findLastIndex(event => event.type === 'RunReopened' && event.data.scope === 'BEGINNING');
  const own = keptIn(past).filter(kept => !isOf(kept, question) || kept.moment === 'before');
  const since = own.filter(kept => kept.at > begunAnew);
  const again = triedAgain(question, past, begunAnew);
  if (again && !othersWorked(question, past, again.at)) return again.files;
  if (begunAnew >= 0 && since.length === 0) return own[0]?.files ?? { kind: 'set-up' };
  if (question.live) return { kind: 'as-is' };
  return since.at(-1)?.files ?? inheritedBeginning(past, pastOf);
}

function isOf(kept: Pick<Kept, 'step' | 'attempt'>, { step, attempt }: Pick<Question, 'step' | 'attempt'>): boolean {
  return kept.step === step && kept.attempt === attempt;
}

function keptIn(past: readonly PastEvent[]): Kept[] {
  return past.flatMap((event, at): Kept[] => {
    switch (event.type) {
      case 'WorkspaceSnapshotTaken': {
        const { step, attempt, moment, root, runId } = event.data;
        const of = `${moment} step ${step} of ${runId}`;
        return [{ at, step, attempt, moment, files: { kind: 'snapshot', root: root.sha256, of } }];
      }
      case 'WorkspaceSnapshotFailed': {
        const { step, attempt, moment, reason } = event.data;
        return [{ at, step, attempt, moment, files: { kind: 'missing', reason } }];
      }
      default:
        return [];
    }
  });
}

/** What the attempt before had begun with; undefined when this one is not to begin there. */
function triedAgain({ step, attempt }: Question, past: readonly PastEvent[], begunAnew: number): Kept | undefined {
  if (attempt === 1) return undefined;
  const before = { step, attempt: attempt - 1 };
  const kept = beganWith(past, before);
  if (!kept || kept.at < begunAnew) return undefined;
  const changesAsked = past.some(
    (event, at) =>
      at > kept.at &&
      event.type === 'GateResolved' &&
      event.data.step === step &&
      event.data.decision === 'REQUEST_CHANGES',
  );
  return changesAsked ? undefined : kept;
}

/** Its own snapshot from before, or the newest that there was when it started: then nothing had changed since that. */
function beganWith(past: readonly PastEvent[], of: Pick<Question, 'step' | 'attempt'>): Kept | undefined {
  const all = keptIn(past);
  const own = all.find(kept => isOf(kept, of) && kept.moment === 'before');
  if (own) return own;
  const startedAt = past.findIndex(event => event.type === 'AttemptStarted' && isOf(event.data, of));
  const known = all.findLast(kept => kept.at < startedAt);
  return known && { ...known, at: startedAt };
}

/** Whether an attempt of another step has been at work since. */
function othersWorked({ step }: Question, past: readonly PastEvent[], since: number): boolean {
  const working = new Set<string>();
  for (const [at, event] of past.entries()) {
    if (event.type !== 'AttemptStarted' && event.type !== 'AttemptEnded') continue;
    if (event.data.step === step) continue;
    if (at > since) return true;
    if (event.type === 'AttemptStarted') working.add(event.data.attemptId);
    else working.delete(event.data.attemptId);
  }
  return working.size > 0;
}

/**
 * Of a run that goes back to another one: as its first step began there. Where steps had run side by side, some that are taken
 * over may have ended only after that; then as the last of them had ended.
 */
async function inheritedBeginning(
  past: readonly PastEvent[],
  pastOf: (runId: string) => Promise<readonly PastEvent[]>,
): Promise<Beginning> {
  const started = past.find(event => event.type === 'RunStarted')?.data;
  if (!started?.lineage) return { kind: 'set-up' };
  const { of, fromStep } = started.lineage;
  const source = await pastOf(of);
  const began = fromStep === undefined ? undefined : await beganThere(source, { runId: of, step: fromStep }, pastOf);
  const inherited = started.inherited ?? [];
  const ends = inherited
    .filter(({ from }) => from.runId === of && from.attempt > 0)
    .flatMap(step => endIn(source, step));
  const last = ends.reduce<Kept | undefined>((late, end) => (late && late.at > end.at ? late : end), undefined);
  if (began && (!last || began.at > last.at)) return began.files;
  if (last) return last.files;
  return began?.files ?? olderEnd(inherited, of, pastOf);
}

async function beganThere(
  source: readonly PastEvent[],
  { runId, step }: { readonly runId: string; readonly step: string },
  pastOf: (runId: string) => Promise<readonly PastEvent[]>,
): Promise<Kept | undefined> {
  const tries = source.flatMap(event =>
    event.type === 'AttemptStarted' && event.data.step === step ? [event.data] : [],
  );
  const last = tries.at(-1);
  if (last) return beganWith(source, last);
  const from = source
    .find(event => event.type === 'RunStarted')
    ?.data.inherited?.find(other => other.step === step)?.from;
  if (!from || from.runId === runId || from.attempt === 0) return undefined;
  const known = beganWith(await pastOf(from.runId), { step, attempt: from.attempt });
  return known && { ...known, at: -1 }; // before anything that happened in the source itself
}

function endIn(source: readonly PastEvent[], { step, from }: InheritedStep): Kept[] {
  return keptIn(source).filter(kept => kept.moment === 'after' && isOf(kept, { step, attempt: from.attempt }));
}

/**
 * Everything that is taken over was done by still earlier runs: as the last of it had ended in the last of them. Steps that leave no
 * files, gates and functions, say nothing about that.
 */
async function olderEnd(
  inherited: readonly InheritedStep[],
  of: string,
  pastOf: (runId: string) => Promise<readonly PastEvent[]>,
): Promise<Beginning> {
  const older = inherited.filter(({ from }) => from.runId !== of && from.attempt > 0);
  for (const step of older.toReversed()) {
    const end = endIn(await pastOf(step.from.runId), step).at(-1);
    if (end) return end.files;
  }
  return { kind: 'set-up' };
}
