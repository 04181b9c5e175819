import type { ExecRequest, ExecResult, Sandbox } from '../driver/sandbox-driver.js';
import { CallCutOffError } from '../driver/sandbox-faults.js';
import type { Tenure } from '../workers/tenure.js';
import type { StopSwitch } from './stop-switch.js';

/** How often a call is made again that was cut off: what kills whatever watches over it may do so each time. */
const MOST_CUT_OFF = 2;
const SIGKILLED = 137;
const SIGTERMED = 143;

/**
 * The journal says "cancelled" for a call that an earlier worker had to leave when it was shut down. Nobody cancelled the
 * call, so it runs again, under a name of this epoch; unless it had just ended by itself, as its own exit code says (R2).
 */
export async function execResumable(
  sandbox: Sandbox,
  request: ExecRequest,
  epoch: number,
  again: () => ExecRequest = () => request,
): Promise<ExecResult> {
  const result = await execWhole(sandbox, request, again);
  if (result.why !== 'cancelled' || !result.replayed || request.signal?.aborted) return result;
  if (result.exitCode !== SIGKILLED && result.exitCode !== SIGTERMED) return { ...result, why: 'exit' };
  const next = again();
  return sandbox.exec({ ...next, callId: `${next.callId}~${epoch}` });
}

/** A call that was cut off by the death of what watched over it is unfinished as after a crash of the service: it begins again (R2). */
async function execWhole(sandbox: Sandbox, first: ExecRequest, again: () => ExecRequest): Promise<ExecResult> {
  let request = first;
  for (let left = MOST_CUT_OFF; ; left -= 1) {
    try {
      return await sandbox.exec(request);
    } catch (error) {
      if (!(error instanceof CallCutOffError) || left === 0 || request.signal?.aborted) throw error;
      request = again();
    }
  }
}

/** The same sandbox for an owner of this epoch. */
export function resumableSandbox(sandbox: Sandbox, epoch: number): Sandbox {
  return executing(sandbox, request => execResumable(sandbox, request, epoch));
}

/**
 * The same sandbox for a worker that may have been taken for dead meanwhile: `insist` throws when it has. It is asked before
 * each call, and again before the end of one is believed, because the new owner ends what runs here.
 */
export function tenuredSandbox(sandbox: Sandbox, insist: () => Promise<void>): Sandbox {
  return executing(sandbox, async request => {
    await insist();
    try {
      return await sandbox.exec(request);
    } finally {
      await insist();
    }
  });
}

/** Throws when the run is not this worker's any more. */
export function insisting({
  tenure,
  stop,
}: {
  readonly tenure: Tenure;
  readonly stop: StopSwitch;
}): () => Promise<void> {
  return async () => {
    if (!(await tenure.holds(stop.signal))) stop.stop('lost', true);
    stop.throwIfLeft();
  };
}

function executing(sandbox: Sandbox, exec: Sandbox['exec']): Sandbox {
  return {
    runId: sandbox.runId,
    fresh: sandbox.fresh,
    files: sandbox.files,
    workspacePath: sandbox.workspacePath,
    exec,
    mayHold: path => sandbox.mayHold(path),
    relay: target => sandbox.relay(target),
    markReady: () => sandbox.markReady(),
    markUnready: () => sandbox.markUnready(),
    release: () => sandbox.release(),
    leave: () => sandbox.leave(),
  };
}
