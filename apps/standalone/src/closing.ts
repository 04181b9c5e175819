/** What can be told why it closes: every application of the framework can, although its type does not say so. */
interface Closing {
  close(signal?: NodeJS.Signals): Promise<void>;
}

/** Its modules hear of the signal: after some nothing is to stay behind, after others it will be started again. */
export function closeOn(app: Closing, signal: NodeJS.Signals | undefined): Promise<void> {
  return app.close(signal);
}
