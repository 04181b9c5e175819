/** Changes that are waited for one at a time. */
export class NextChange {
  #resolve: () => void = () => undefined;
  #promise = this.#renewed();

  /** Resolves at the next change after it was asked for. */
  get promise(): Promise<void> {
    return this.#promise;
  }

  /** It has come. */
  tell(): void {
    this.#resolve();
    this.#promise = this.#renewed();
  }

  #renewed(): Promise<void> {
    return new Promise(done => (this.#resolve = done));
  }
}
