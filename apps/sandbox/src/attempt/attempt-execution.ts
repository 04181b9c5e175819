import type { ProfileDefinition, StepError } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import type { BlobStore } from '@runledger/platform';
import type { Sandbox, SandboxDriver } from '../driver/sandbox-driver.js';
import { cancelUnstarted, claim } from './attempt-claim.js';
import type { ClaimedProfile, Claimer } from './attempt-claim.js';
import { endAttempt } from './attempt-end.js';
import { readHistory } from './attempt-history.js';
import type { AttemptHistory } from './attempt-history.js';
import type { ReadyAttempt } from './attempt-place.js';
import { failureResult } from './failure-result.js';
import { resumableSandbox } from './resumable-sandbox.js';
import type { OpenAttempt } from './open-work.js';
import type { RunSandboxes } from './run-sandboxes.js';
import { CANCELLED, timedOut } from './step-run.js';
import type { StepResult, StepRun } from './step-run.js';
import { AttemptLeftError } from './stop-switch.js';
import type { StopSwitch } from './stop-switch.js';
import { Transcript } from './transcript.js';

export interface PublishedProfile {
  readonly version: number;
  readonly definition: ProfileDefinition;
}

/** What executing attempts needs of the rest of the service. */
export interface AttemptHost extends Claimer {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly sandboxes: RunSandboxes;
  /** The profile as it is now; undefined when none was ever published under this slug. */
  profile(workspaceId: string, slug: string): Promise<PublishedProfile | undefined>;
  /** Throws a fault when the operator did not allow the profile's isolation. */
  driver(profile: ProfileDefinition): SandboxDriver;
  /** Clones and checks out what the profile asks for; `note` says it in the transcript. */
  setUp(sandbox: Sandbox, profile: ProfileDefinition, run: SetUpTools): Promise<void>;
  work(run: StepRun): Promise<StepResult>;
  /** Keeps the declared files; adds `ArtifactStored` entries. */
  collect(run: StepRun): Promise<void>;
}

export interface SetUpTools {
  readonly signal: AbortSignal;
  note(text: string): void;
}

export interface ExecutionOrder {
  readonly stop: StopSwitch;
  /** Set when the platform failed too often: the attempt only ends, with this. */
  readonly giveUp: StepError | undefined;
}

/**
 * Executes one attempt from wherever it stands to its end. Leaves without an end, to be resumed, when the process shuts down
 * or another worker owns it. A cancelled attempt that never began is only answered. An attempt that another worker began is
 * gone on with when the table says that it was that worker's: one that has been taken over meanwhile is not.
 */
export async function executeAttempt(host: AttemptHost, open: OpenAttempt, order: ExecutionOrder): Promise<void> {
  const [history, profile] = await Promise.all([
    readHistory(host.store, open.workspaceId, open.place),
    host.profile(open.workspaceId, open.ready.profile),
  ]);
  if (history.status === 'ended') return;
  const known = history.worker === host.worker || history.worker === open.worker;
  if (history.status === 'executing' && !known) return;
  const claimed: ClaimedProfile = { version: profile?.version ?? 0, driver: profile?.definition.isolation ?? 'none' };
  if (history.status === 'absent' && order.stop.cause === 'cancelled') return cancelUnstarted(host, open, claimed);
  const epoch = await claim(host, open, claimed, history);
  if (epoch === undefined) return;
  await own(host, { ...order, ready: open, profile, history: { ...history, epoch } });
}

interface Owned extends ExecutionOrder {
  readonly ready: ReadyAttempt;
  readonly profile: PublishedProfile | undefined;
  readonly history: AttemptHistory;
}

async function own(host: AttemptHost, owned: Owned): Promise<void> {
  const { ready, stop, history } = owned;
  const transcript = new Transcript(host.commands, host.clock, {
    workspaceId: ready.workspaceId,
    worker: host.worker,
    place: ready.place,
    epoch: history.epoch,
    causationId: ready.readyEventId,
  });
  const startedMs = Date.parse(host.clock.now()) - history.activeMs;
  const elapsedMs = (): number => Math.max(0, Date.parse(host.clock.now()) - startedMs);
  const remainingMs = (): number => Math.max(1, ready.ready.timeoutMs - elapsedMs());
  const onLost = (): void => stop.stop('lost', true);
  transcript.lost.addEventListener('abort', onLost);
  const timer = setTimeout(() => stop.stop('timeout', false), remainingMs());
  try {
    const result = await workOrFail(host, owned, { transcript, remainingMs });
    await endAttempt({
      transcript,
      history,
      result,
      stop,
      elapsedMs,
      resourceClass: owned.profile?.definition.resourceClass,
    });
  } catch (error) {
    await leave(transcript, stop, error);
  } finally {
    clearTimeout(timer);
    transcript.lost.removeEventListener('abort', onLost);
  }
}

type RunTools = Pick<StepRun, 'transcript' | 'remainingMs'>;

async function workOrFail(host: AttemptHost, owned: Owned, tools: RunTools): Promise<StepResult> {
  const { stop, profile, ready } = owned;
  try {
    if (owned.giveUp) return failed(owned.giveUp, owned.history);
    if (!profile) return noProfile(ready.ready.profile);
    if (stop.cause === 'cancelled') return { outcome: 'ERROR', turns: owned.history.turns.length, error: CANCELLED };
    const sandbox = await openSandbox(host, owned, profile.definition, tools.transcript);
    const run: StepRun = { attempt: ready, history: owned.history, sandbox, blobs: host.blobs, stop, ...tools };
    const result = await host.work(run);
    stop.throwIfLeft();
    if (result.outcome === 'SUCCESS' || result.outcome === 'PARTIAL') await host.collect(run);
    return result;
  } catch (error) {
    stop.throwIfLeft();
    if (stop.cause === 'cancelled') return { outcome: 'ERROR', turns: owned.history.turns.length, error: CANCELLED };
    if (stop.cause === 'timeout') return failed(timedOut(ready.ready.timeoutMs), owned.history);
    return failureResult(error, owned.history.turns.length);
  }
}

function failed(error: StepError, history: AttemptHistory): StepResult {
  return { outcome: 'ERROR', turns: history.turns.length, error };
}

function noProfile(slug: string): StepResult {
  const message = `There is no sandbox profile ${slug} in this workspace.`;
  return {
    outcome: 'BLOCKED',
    turns: 0,
    error: { code: 'PROFILE_NOT_FOUND', message, fix: `Publish profile ${slug}.` },
  };
}

function openSandbox(
  host: AttemptHost,
  { ready, stop, history }: Owned,
  profile: ProfileDefinition,
  transcript: Transcript,
): Promise<Sandbox> {
  let notes = 0;
  const note = (text: string): void => {
    notes += 1;
    transcript.note('SetupRecorded', `setup.${history.epoch}.${notes}`, text);
  };
  const request = { workspaceId: ready.workspaceId, runId: ready.place.runId, profile };
  return host.sandboxes.open(host.driver(profile), request, sandbox =>
    host.setUp(resumableSandbox(sandbox, history.epoch), profile, { note, signal: stop.signal }),
  );
}

/** What was written so far stays; the end is left to whoever resumes. A fault is for the worker to report. */
async function leave(transcript: Transcript, stop: StopSwitch, error: unknown): Promise<void> {
  if (stop.cause === 'shutdown') await transcript.flush().catch(() => undefined);
  await transcript.abandon();
  if (stop.cause === 'lost') throw transcript.lost.reason;
  if (!(error instanceof AttemptLeftError)) throw error;
}
