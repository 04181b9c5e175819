/** Wakes whoever waits for something to happen. */
export class AwaitedNews {
  #wake: () => void = () => undefined;

  tell(): void {
    this.#wake();
  }

  /** Resolves at the next news, when the time is over, or at the signal. */
  async within(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
