type Channel = 'stdout' | 'stderr';

/**
 * What an earlier worker recorded of a call's output. A call that is played back says all of it once more, and a call that is
 * run again often does: what is in the transcript already is not written twice (R1). As soon as the output differs, all of it
 * is new.
 */
export class RecordedOutput {
  readonly #left: Record<Channel, string>;
  readonly #matched: Record<Channel, string> = { stdout: '', stderr: '' };

  constructor(recorded: Partial<Record<Channel, string>> = {}) {
    this.#left = { stdout: recorded.stdout ?? '', stderr: recorded.stderr ?? '' };
  }

  /** The part of the next piece of output that the transcript does not have. */
  unseen(channel: Channel, text: string): string {
    const left = this.#left[channel];
    if (left === '') return text;
    const length = Math.min(left.length, text.length);
    if (left.slice(0, length) === text.slice(0, length)) {
      this.#left[channel] = left.slice(length);
      this.#matched[channel] += text.slice(0, length);
      return text.slice(length);
    }
    this.#left[channel] = '';
    return this.#matched[channel] + text;
  }
}
