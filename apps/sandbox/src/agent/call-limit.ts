/** How long a call may go on: as long as its attempt does, and not longer than it was given. */
export class CallLimit {
  readonly #limit = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #stop = (): void => this.#limit.abort(this.attempt.reason);

  constructor(
    private readonly attempt: AbortSignal,
    timeoutMs: number,
  ) {
    const late = (): void => this.#limit.abort(new DOMException(`It took ${timeoutMs} ms.`, 'TimeoutError'));
    this.#timer = setTimeout(late, timeoutMs);
    if (attempt.aborted) this.#stop();
    else attempt.addEventListener('abort', this.#stop, { once: true });
  }

  get signal(): AbortSignal {
    return this.#limit.signal;
  }

  /** Throws what the call ended with when it ends before there is a result; asks nothing when it has ended before. */
  async orLeave<Result>(ask: () => PromiseLike<Result>): Promise<Result> {
    const { signal } = this;
    signal.throwIfAborted();
    let leave = (): void => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason as Error);
    });
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([ask(), left]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** The call is over. */
  lift(): void {
    clearTimeout(this.#timer);
    this.attempt.removeEventListener('abort', this.#stop);
  }
}
