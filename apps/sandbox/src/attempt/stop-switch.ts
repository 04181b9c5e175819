/** Why an attempt stops before its work is done. */
export type StopCause = 'cancelled' | 'timeout' | 'shutdown' | 'lost';

/** Thrown through an attempt that leaves without an end, to be resumed: by a newer owner, or after the next start (R2). */
export class AttemptLeftError extends Error {
  constructor(readonly stopCause: 'shutdown' | 'lost') {
    super(`The attempt was left (${stopCause}).`);
    this.name = 'AttemptLeftError';
  }
}

/** Thrown through an attempt that leaves between two tool calls because its run is paused; it is taken up again afterwards. */
export class AttemptPausedError extends Error {
  constructor() {
    super('The run is paused.');
    this.name = 'AttemptPausedError';
  }
}

/** The one place where an attempt is told to stop; the first cause holds. */
export class StopSwitch {
  readonly #controller = new AbortController();
  readonly #pause = new AbortController();
  #cause: StopCause | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get cause(): StopCause | undefined {
    return this.#cause;
  }

  /** `force` kills what runs at once; else it is asked to end and has its grace. */
  stop(cause: StopCause, force: boolean): void {
    this.#cause ??= cause;
    this.#controller.abort(force ? 'force' : 'graceful');
  }

  /** An agent leaves at its next tool call or model turn; a program is not touched. */
  pause(): void {
    this.#pause.abort();
  }

  /** Aborts when the run is paused. */
  get pausing(): AbortSignal {
    return this.#pause.signal;
  }

  /** Throws {@link AttemptPausedError} when the run is paused: between two tool calls nothing is lost. */
  throwIfPaused(): void {
    if (this.#pause.signal.aborted && this.#cause === undefined) throw new AttemptPausedError();
  }

  /** Throws {@link AttemptLeftError} when this worker must not record anything more. */
  throwIfLeft(): void {
    if (this.#cause === 'shutdown' || this.#cause === 'lost') throw new AttemptLeftError(this.#cause);
  }
}
