/** npm passes the terminal's Ctrl-C on to a process that has it already: what comes so soon is the same one. */
const SAME_WITHIN_MS = 1_000;

/**
 * Ends the process in order on Ctrl-C, SIGTERM, or the terminal's hang-up. A second Ctrl-C does not wait: what is left then is found
 * and cleared at the next start (R2). The signal that is returned says whether this has begun: whatever breaks from then on
 * breaks because everything ends.
 */
export function endOnSignal(
  stop: (signal: NodeJS.Signals) => Promise<void>,
  {
    exitCode,
    print,
    asked = new AbortController(),
  }: {
    readonly exitCode: number;
    readonly print?: (text: string) => void;
    /** Aborted when it begins, for those who have to know before they can be stopped. */
    readonly asked?: AbortController;
  },
): AbortSignal {
  let askedAt = 0;
  const end = (signal: NodeJS.Signals) => {
    if (asked.signal.aborted) {
      if (signal === 'SIGINT' && performance.now() - askedAt > SAME_WITHIN_MS) process.exit(130);
      return;
    }
    askedAt = performance.now();
    asked.abort();
    print?.(`${signal}: stopping …`);
    stop(signal).then(
      () => process.exit(exitCode),
      (error: unknown) => {
        process.stderr.write(`Stopping failed: ${String((error as Error).stack ?? error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  return asked.signal;
}
