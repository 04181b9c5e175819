import type { attemptEvents } from '@runledger/contracts';
import type { CommandHandler, EventStore, StreamRef } from '@runledger/event-store';
import { attemptId, streamOf } from '@runledger/kernel';
import { defineTimer, firingContext, type Firing, type NewTimer, type TimerKind, type Timers } from '@runledger/timers';
import { ORCHESTRATOR } from './orchestrator-actor.js';
import type { RunCommand } from './run-commands.js';
import { stepOf, type StepProgress } from './run-state.js';
import { run } from './run.decider.js';

const SILENCE = 'run.silence';
/** How soon one looks whether something is heard again; the longer the silence, the less often: after a tenth of it. */
const LOOK_AGAIN_MS = 15_000;
const SELDOMER = 10;
const PAGE = 500;

export interface Watched {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly limitMs: number;
  /** It had a reason to be silent until then. */
  readonly since: string;
}

export interface SilenceTimerParts {
  readonly store: EventStore;
  readonly commands: CommandHandler;
  readonly timers: Timers;
}

export function silenceTimerName({ runId, step, attempt }: Pick<Watched, 'runId' | 'step' | 'attempt'>): string {
  return `${SILENCE}:${runId}.${step}.${attempt}`;
}

/** Looks after an attempt of which something was heard, or need not be heard anything before, `since`. */
export function silenceTimer(watched: Omit<Watched, 'since'> & { readonly tenant: string }, since: string): NewTimer {
  const { tenant, runId, step, attempt, limitMs } = watched;
  const payload = { runId, step, attempt, limitMs, since };
  const dueAt = new Date(Date.parse(since) + limitMs).toISOString();
  return { name: silenceTimerName(watched), kind: SILENCE, tenant, payload, dueAt };
}

/**
 * Looks when something was last heard of the attempt. Not long ago: then it looks again when the rest of the time is over. Too
 * long ago: its step is blocked, and it looks more often until something is heard.
 */
export function silenceTimerKind(parts: SilenceTimerParts): TimerKind {
  return defineTimer(SILENCE, async firing => {
    const watched = firing.payload as Watched;
    const progress = await executingIn(parts, firing.tenant, watched);
    if (!progress) return;
    const lookAt = await look(parts, firing, watched, progress.silent);
    if (lookAt === undefined) return;
    const { tenant, name, kind } = firing;
    await parts.timers.set({ name, kind, tenant, payload: watched, dueAt: new Date(lookAt).toISOString() });
  });
}

type Executing = Extract<StepProgress, { status: 'executing' }>;

/** Undefined when the attempt is over or has a reason to be silent; its timer is set again when that has changed. */
async function executingIn(
  { commands }: SilenceTimerParts,
  tenant: string,
  { runId, step, attempt }: Watched,
): Promise<Executing | undefined> {
  const { state } = await commands.load(run, { tenant, name: streamOf('run', runId) });
  const progress = state.status === 'running' && !state.paused ? stepOf(state, step) : undefined;
  if (progress?.status !== 'executing' || progress.attempt !== attempt) return undefined;
  return progress.interrupted ? undefined : progress;
}

/** Says what was found, and answers when to look again; undefined: the attempt waits for people, or has ended. */
async function look(
  parts: SilenceTimerParts,
  firing: Firing,
  watched: Watched,
  wasSilent: boolean,
): Promise<number | undefined> {
  const { runId, step, attempt, limitMs, since } = watched;
  const stream = { tenant: firing.tenant, name: streamOf('attempt', attemptId(runId, step, attempt)) };
  const { events } = await parts.store.readStream(stream, { direction: 'backwards', limit: 1 });
  const [newest] = events;
  const nowMs = Date.parse(firing.firedAt);
  // No worker has room for it yet: it is not silent, it has not begun.
  if (!newest) return nowMs + limitMs;
  const heard = [newest.metadata.occurredAt, since].sort().at(-1) ?? since;
  const dueMs = Date.parse(heard) + limitMs;
  const of = { step, attempt, at: firing.firedAt };
  if (dueMs > nowMs) {
    if (wasSilent) await send(parts, firing, runId, { type: 'RecordSignOfLife', data: of });
    return dueMs;
  }
  if (!wasSilent && (await waitsForPeople(parts.store, stream))) return undefined;
  if (!wasSilent) await send(parts, firing, runId, { type: 'RecordSilence', data: { ...of, since: heard, limitMs } });
  return nowMs + Math.min(limitMs, Math.max(LOOK_AGAIN_MS, (nowMs - Date.parse(heard)) / SELDOMER));
}

type AttemptEventType = (typeof attemptEvents)[number]['type'];
const ASKS: readonly AttemptEventType[] = ['PermissionRequested', 'QuestionAsked'];

/** It has asked something and has not heard an answer. Read only of those that are silent, so that the length does not matter. */
async function waitsForPeople(store: EventStore, stream: StreamRef): Promise<boolean> {
  const open = new Set<string>();
  for (let from = 0; ; from += PAGE) {
    const { events } = await store.readStream(stream, { from, limit: PAGE });
    for (const { type, data } of events) {
      const { callId = '' } = data as { readonly callId?: string };
      if (ASKS.some(ask => ask === type)) open.add(callId);
      if (type === ('AnswerReceived' satisfies AttemptEventType)) open.delete(callId);
    }
    if (events.length < PAGE) return open.size > 0;
  }
}

/** Neither command can be refused: what is not the case any more decides nothing. */
async function send(parts: SilenceTimerParts, firing: Firing, runId: string, command: RunCommand): Promise<void> {
  const context = firingContext(firing, { actor: ORCHESTRATOR, correlationId: runId });
  await parts.commands.handle(run, streamOf('run', runId), command, context);
}
