type Channel = 'stdout' | 'stderr';

/**
 * What the transcript has of a call's output. A call that is played back says all of it once more, and a call that is run
 * again often does: what is there already is not written twice (R1). As soon as the output differs, all of it is new.
 */
export class RecordedOutput {
  readonly #recorded: Record<Channel, string>;
  /** Where in `recorded` the next piece of output is expected; undefined once the output went its own way. */
  readonly #matched: Record<Channel, number | undefined> = { stdout: 0, stderr: 0 };

  constructor(recorded: Readonly<Partial<Record<Channel, string>>> = {}) {
    this.#recorded = { stdout: recorded.stdout ?? '', stderr: recorded.stderr ?? '' };
  }

  get length(): number {
    return this.#recorded.stdout.length + this.#recorded.stderr.length;
  }

  /** The same record for a call that begins again. */
  rewound(): RecordedOutput {
    return new RecordedOutput(this.#recorded);
  }

  /** The part of the next piece of output that the transcript does not have. */
  unseen(channel: Channel, text: string): string {
    const matched = this.#matched[channel];
    if (matched === undefined) return text;
    const recorded = this.#recorded[channel];
    const left = recorded.slice(matched, matched + text.length);
    if (text.startsWith(left)) {
      this.#matched[channel] = matched + left.length;
      return text.slice(left.length);
    }
    this.#matched[channel] = undefined;
    return recorded.slice(0, matched) + text;
  }

  /** What of it was shown in the transcript. */
  shown(channel: Channel, text: string): void {
    this.#recorded[channel] += text;
    const matched = this.#matched[channel];
    if (matched !== undefined) this.#matched[channel] = this.#recorded[channel].length;
  }
}
