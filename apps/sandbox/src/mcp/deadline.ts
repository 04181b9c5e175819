const GRACE_MS = 500;

/**
 * What the work comes to, or an error `ms` and half a second later: the deadlines of the client, which has the half second, do not hold in
 * every case. Each `beat` begins the time anew.
 */
export async function within<Result>(ms: number, work: (beat: () => void) => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  let beat: () => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    beat = () => {
      clearTimeout(timer);
      timer = setTimeout(() => reject(new Error(`it did not answer within ${ms / 1_000} s`)), ms + GRACE_MS);
    };
  });
  beat();
  try {
    return await Promise.race([work(beat), late]);
  } finally {
    clearTimeout(timer);
  }
}
