import { Fault, RetryableError } from '@runledger/kernel';

/** Isolation does not hold, or cannot be had, on this machine. Nothing was started; `fix` is the one command to type. */
export class SandboxUnavailableError extends Fault {
  constructor(what: string, fix: string, cause?: unknown) {
    super('SANDBOX_UNAVAILABLE', `Untrusted work cannot be isolated here: ${what}. To fix it: ${fix}`, {
      cause,
      fields: { what, fix },
    });
  }
}

/** What sandboxes need of the machine takes so long that nobody waits for it (R4). It may come, so whoever needs it tries again. */
export class SandboxStalledError extends RetryableError {
  constructor(what: string) {
    super('SANDBOX_STALLED', `A sandbox is held up: ${what}. It is tried again; look what the machine is busy with.`, {
      fields: { what },
    });
  }
}

/** The machine refused to start a call inside its sandbox; the call's own program never ran. */
export class CallNotStartedError extends Fault {
  constructor(callId: string, reason: string, cause?: unknown) {
    super('CALL_NOT_STARTED', `Call ${callId} was not started in its sandbox: ${reason}`, {
      cause,
      fields: { callId, reason },
    });
  }
}

/** What watched over a call was killed, and all of the call with it: nobody knows how far its program had come. */
export class CallCutOffError extends Fault {
  constructor(callId: string, cause?: unknown) {
    super('CALL_CUT_OFF', `Call ${callId} was cut off in its sandbox: what watched over it was killed.`, {
      cause,
      fields: { callId },
    });
  }
}

/** The operator did not allow what the profile asks for. */
export class IsolationNotAllowedError extends Fault {
  constructor(profile: string, reason: string) {
    super('ISOLATION_NOT_ALLOWED', `Profile ${profile} cannot be used here: ${reason}`, { fields: { profile } });
  }
}

/** A mount of the profile is not below a directory that the operator allowed, or is not there. */
export class MountNotAllowedError extends Fault {
  constructor(source: string, reason: string) {
    super('MOUNT_NOT_ALLOWED', `Mount ${source} is refused: ${reason}.`, { fields: { source } });
  }
}

/** The sandbox was moved to another worker while the call ran: this process was taken for dead. */
export class CallTakenError extends Fault {
  constructor(callId: string) {
    super('CALL_TAKEN', `The sandbox of call ${callId} was taken over by another worker, and the call was ended.`, {
      fields: { callId },
    });
  }
}

/** What runs left behind on this machine is not gone yet. It is tried again, and holds up nobody else. */
export class LeftBehindError extends Fault {
  /** Runs, each with what hindered. */
  readonly reasons: readonly (readonly [string, unknown])[];

  constructor(reasons: Iterable<readonly [string, unknown]>) {
    const all = [...reasons];
    const told = all.map(([runId, why]) => `${runId}: ${why instanceof Error ? why.message : String(why)}`);
    super('LEFT_BEHIND', `What these runs left behind could not be removed; it is tried again. ${told.join(' ')}`, {
      cause: new AggregateError(all.map(([, why]) => why)),
      fields: { runs: all.map(([runId]) => runId) },
    });
    this.reasons = all;
  }
}

/** The sandbox was released while it was in use. */
export class SandboxReleasedError extends Fault {
  constructor(runId: string) {
    super('SANDBOX_RELEASED', `The sandbox of ${runId} was released; open it again to use it.`, { fields: { runId } });
  }
}
