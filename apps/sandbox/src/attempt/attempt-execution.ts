import { toolsThatAsk } from '@runledger/contracts';
import type { ProfileDefinition, StepError } from '@runledger/contracts';
import type { Sandbox, SandboxDriver } from '../driver/sandbox-driver.js';
import { isTransient } from '@runledger/messaging';
import { egressRulesOf } from '../egress/egress-policy.js';
import { cancelUnstarted, claim, type ClaimedProfile } from './attempt-claim.js';
import { AttemptLog } from './attempt-log.js';
import { endAttempt, isCancelled } from './attempt-end.js';
import { isInterlude, leaveAttempt } from './attempt-leave.js';
import type { AttemptHost, PublishedProfile } from './attempt-needs.js';
import type { ExecutionNotes } from './attempt-observer.js';
import { readHistory } from './attempt-history.js';
import { UNLIMITED } from './budget.js';
import { NO_FLOWS } from './flows.js';
import type { AttemptHistory } from './attempt-history.js';
import { AwaitingPeopleError } from './people.js';
import { diskFull } from './disk-full.js';
import { earlierSession } from './earlier-session.js';
import { failureResult, noProfile } from './failure-result.js';
import { insisting, resumableSandbox, tenuredSandbox } from './resumable-sandbox.js';
import type { GivenUp } from './setbacks.js';
import type { OpenAttempt } from './open-work.js';
import { openWorkspace } from './open-workspace.js';
import { CANCELLED, timedOut, type StepResult, type StepRun } from './step-run.js';
import { AttemptPausedError } from './stop-switch.js';
import type { StopSwitch } from './stop-switch.js';
import type { Tenure } from '../workers/tenure.js';
import { RunnerLostError } from '../runner/runner-faults.js';
import { Transcript } from './transcript.js';

export type { AttemptHost, PublishedProfile, SetUpTools } from './attempt-needs.js';

export interface ExecutionOrder {
  readonly stop: StopSwitch;
  /** Set when the platform failed too often: the attempt only ends, with this. */
  readonly giveUp: GivenUp | undefined;
  /** In which the run was found to be this worker's. */
  readonly tenure: Tenure;
}

/** `over`: it had ended before. `waits`: for people. `paused`: with its run. `left`: without an end, to be resumed. `refused`: someone else was faster; look again. */
export type ExecutionEnd = 'ended' | 'over' | 'left' | 'refused' | 'waits' | 'paused';

/**
 * Executes one attempt from wherever it stands to its end. Leaves without an end, to be resumed, when the process shuts down
 * or another worker has the run. A cancelled attempt that never began is only answered. Whoever has the run goes on with an
 * attempt that another worker began: that one was taken for dead, and is fenced off by the epoch (R3).
 */
export async function executeAttempt(
  host: AttemptHost,
  open: OpenAttempt,
  order: ExecutionOrder,
): Promise<ExecutionEnd> {
  const [found, profile] = await Promise.all([
    readHistory(host.store, open.workspaceId, open.place),
    host.profile(open.workspaceId, open.ready.profile),
  ]);
  if (found.status === 'ended') {
    await host.runners?.settle(open);
    return 'over';
  }
  if (!(await order.tenure.holds(order.stop.signal)) && order.stop.cause !== 'cancelled') return 'left';
  const claimed: ClaimedProfile = { version: profile?.version ?? 0, driver: profile?.definition.isolation ?? 'none' };
  if (found.status === 'absent' && order.stop.cause === 'cancelled') {
    return (await cancelUnstarted(host, open, claimed)) ? 'ended' : 'refused';
  }
  const execute = (notes: ExecutionNotes) =>
    claimAndOwn(host, { ...order, ready: open, profile, claimed, found, notes });
  return host.observer ? host.observer.execution(open, found, execute) : execute(UNHEARD);
}

const UNHEARD: ExecutionNotes = { claimed: () => undefined, ended: () => undefined };

interface Claiming extends ExecutionOrder {
  readonly ready: OpenAttempt;
  readonly profile: PublishedProfile | undefined;
  readonly claimed: ClaimedProfile;
  readonly found: AttemptHistory;
  readonly notes: ExecutionNotes;
}

async function claimAndOwn(host: AttemptHost, { claimed, found, ...order }: Claiming): Promise<ExecutionEnd> {
  const { ready: open } = order;
  const epoch = await claim(host, open, claimed, found);
  if (epoch === undefined) return 'refused';
  order.notes.claimed(epoch);
  if (open.waitedFor !== undefined) await host.people.goOn(open);
  // The worker before may have recorded more until the moment when it was fenced off.
  const history = found.status === 'absent' ? found : await readHistory(host.store, open.workspaceId, open.place);
  const earlier = await earlierSession(host.store, open, history);
  return own(host, { ...order, history: { ...history, epoch, ...(earlier && { earlier }) } });
}

interface Owned extends ExecutionOrder {
  readonly ready: OpenAttempt;
  readonly profile: PublishedProfile | undefined;
  readonly notes: ExecutionNotes;
  readonly history: AttemptHistory;
}

async function own(host: AttemptHost, owned: Owned): Promise<ExecutionEnd> {
  const { ready, stop, history } = owned;
  const { workspaceId, place, readyEventId: causationId } = ready;
  const owner = { workspaceId, worker: host.worker, place, epoch: history.epoch, causationId };
  const transcript = new Transcript(new AttemptLog(host.commands, host.clock, owner), host.clock, owner);
  const startedMs = performance.now() - history.activeMs; // a clock that is set meanwhile takes no time away, and gives none
  const elapsedMs = (): number => Math.round(performance.now() - startedMs);
  const remainingMs = (): number => Math.max(1, ready.ready.timeoutMs - elapsedMs());
  const onLost = (): void => stop.stop('lost', true);
  transcript.lost.addEventListener('abort', onLost);
  const timer = setTimeout(() => stop.stop('timeout', false), remainingMs());
  try {
    const result = await workOrFail(host, owned, { transcript, remainingMs });
    host.warnings?.look(ready, owned.profile?.definition.isolation ?? 'none', result);
    await host.files?.end(ready.place);
    await endAttempt({
      transcript,
      history,
      result,
      stop,
      elapsedMs,
      resourceClass: owned.profile?.definition.resourceClass,
    });
    owned.notes.ended(isCancelled(stop, result) ? 'CANCELLED' : result.outcome);
    return 'ended';
  } catch (error) {
    await leaveAttempt(transcript, stop, error);
    if (error instanceof AttemptPausedError) return 'paused';
    if (!(error instanceof AwaitingPeopleError)) return 'left';
    await host.people.wait(ready, error.callId);
    return 'waits';
  } finally {
    host.files?.leave(ready.place);
    clearTimeout(timer);
    transcript.lost.removeEventListener('abort', onLost);
  }
}

type RunTools = Pick<StepRun, 'transcript' | 'remainingMs'>;

async function workOrFail(host: AttemptHost, owned: Owned, tools: RunTools): Promise<StepResult> {
  const { stop, profile, ready } = owned;
  try {
    const decided = decidedBefore(owned);
    // What it had said may be the very thing that cannot be stored.
    if (decided) await host.runners?.settle(ready, owned.giveUp ? undefined : tools.transcript);
    if (decided || !profile) return decided ?? noProfile(ready.ready.profile);
    const unmet = await host.unmet?.(ready);
    if (unmet) return { outcome: 'BLOCKED', turns: owned.history.turns.length, error: unmet };
    const sandbox = await openSandbox(host, owned, profile.definition, tools.transcript);
    const tenured = tenuredSandbox(sandbox, insisting(owned));
    const run: StepRun = {
      attempt: ready,
      history: owned.history,
      sandbox: tenured,
      profile: profile.definition,
      blobs: host.blobs,
      people: host.people,
      egress: egressRulesOf(profile.definition, host.privateNetworks ?? []),
      flows: host.flows?.(ready, stop.signal) ?? NO_FLOWS,
      budget: host.budget?.(ready, stop.signal) ?? UNLIMITED,
      credentials: host.credentials(ready.workspaceId),
      asking: toolsThatAsk(ready.ready.agent ?? {}, profile.definition),
      stop,
      ...tools,
    };
    await host.supply?.(run);
    const result = await host.work(run);
    stop.throwIfLeft();
    if (result.outcome === 'SUCCESS' || result.outcome === 'PARTIAL') await host.collect(run);
    return result;
  } catch (error) {
    stop.throwIfLeft();
    if (isInterlude(error) && stop.cause === undefined) throw error;
    // Whoever takes the attempt up goes on: with another runner, or once the database is there again, or room on the disk.
    if (error instanceof RunnerLostError || isTransient(error) || diskFull(error)) throw error;
    if (stop.cause === 'cancelled') return { outcome: 'ERROR', turns: owned.history.turns.length, error: CANCELLED };
    if (stop.cause === 'timeout') return failed(timedOut(ready.ready.timeoutMs), owned.history);
    return failureResult(error, owned.history.turns.length);
  }
}

/** How the attempt ends without any more work. */
function decidedBefore({ giveUp, profile, ready, stop, history }: Owned): StepResult | undefined {
  if (giveUp) return { ...giveUp, turns: history.turns.length };
  if (!profile) return noProfile(ready.ready.profile);
  return stop.cause === 'cancelled' ? failed(CANCELLED, history) : undefined;
}

function failed(error: StepError, history: AttemptHistory): StepResult {
  return { outcome: 'ERROR', turns: history.turns.length, error };
}

function openSandbox(
  host: AttemptHost,
  owned: Owned,
  profile: ProfileDefinition,
  transcript: Transcript,
): Promise<Sandbox> {
  const { ready, stop, history } = owned;
  let notes = 0;
  const note = (text: string): void => {
    notes += 1;
    transcript.note('SetupRecorded', `setup.${history.epoch}.${notes}`, text);
  };
  const bring = async (driver: SandboxDriver): Promise<void> => {
    const said = await host.bring?.(ready, driver);
    if (said !== undefined) note(said);
  };
  const request = { workspaceId: ready.workspaceId, runId: ready.place.runId, profile, bring };
  return openWorkspace(host, {
    attempt: { ...ready, history, transcript, profile },
    driver: host.driver(profile),
    request,
    note,
    setUp: sandbox => {
      const tenured = tenuredSandbox(sandbox, insisting(owned));
      return host.setUp(resumableSandbox(tenured, history.epoch), profile, {
        workspaceId: ready.workspaceId,
        note,
        signal: stop.signal,
      });
    },
  });
}
