import { durationText, StepBlocked, type RunEvent } from '@runledger/contracts';
import { heardAgain, inProgress } from './run-attempts.js';
import { SILENT_FIX } from './block-causes.js';
import type { RecordSignOfLife, RecordSilence } from './run-commands.js';
import type { Run } from './run-state.js';

/**
 * Silence past its limit blocks a step (R4). Whoever was told to hold, or has lost its worker, has a reason to be silent, which
 * the run shows already.
 */
export function recordSilence({ step, attempt, since, limitMs, at }: RecordSilence['data'], run: Run): RunEvent[] {
  const found = inProgress(run, { step, attempt });
  if (!found || found.run.paused || found.progress.interrupted || found.progress.silent) return [];
  const { plan } = found.run;
  const message = `Nothing was heard of ${found.step.name} for ${durationText(limitMs)}: the last sign of life was at ${since}.`;
  const cause = { kind: 'SILENT' as const, message, fix: SILENT_FIX };
  return [StepBlocked({ runId: plan.runId, step, attempt, cause, blockedAt: at })];
}

/** It was at work all the time. */
export function recordSignOfLife(sign: RecordSignOfLife['data'], run: Run): RunEvent[] {
  const found = inProgress(run, sign);
  return found?.progress.silent ? [heardAgain(found.run, sign)] : [];
}
