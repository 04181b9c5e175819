/**
 * Ends the process in order on Ctrl-C, SIGTERM, or the terminal's hang-up. A second Ctrl-C does not wait: what is left then is found
 * and cleared at the next start (R2).
 */
export function endOnSignal(
  stop: () => Promise<void>,
  { exitCode, print }: { readonly exitCode: number; readonly print?: (text: string) => void },
): void {
  let asked = false;
  const end = (signal: NodeJS.Signals) => {
    if (asked) {
      if (signal === 'SIGINT') process.exit(130);
      return;
    }
    asked = true;
    print?.(`${signal}: stopping …`);
    stop().then(
      () => process.exit(exitCode),
      (error: unknown) => {
        process.stderr.write(`Stopping failed: ${String((error as Error).stack ?? error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
}
