/** A change that is waited for; it comes once. */
export interface NextChange {
  readonly promise: Promise<void>;
  /** It has come. */
  resolve(this: void): void;
}

export function nextChange(): NextChange {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>(done => (resolve = done));
  return { promise, resolve };
}
