import { AgentText, AgentThinking } from '@runledger/contracts';
import type { StepRun } from '../attempt/step-run.js';

/**
 * What the program says and thinks in one prompt. Pieces that follow each other are one entry; a tool call, or the other kind,
 * begins the next one.
 */
export class SpokenWords {
  #entry = 0;
  #kind: 'text' | 'thinking' | undefined;
  #last = '';
  #before = '';

  /** `prefix` is unique within the attempt. */
  constructor(
    private readonly run: Pick<StepRun, 'transcript'>,
    private readonly prefix: string,
  ) {}

  /** Its last words that were any. */
  get last(): string {
    return this.#last === '' ? this.#before : this.#last;
  }

  async text(said: string): Promise<void> {
    const entryId = this.#entryFor('text');
    this.#last += said;
    const { transcript } = this.run;
    await transcript.addText(said, text => AgentText({ ...transcript.place, entryId, text, at: transcript.now() }));
  }

  async thinking(thought: string): Promise<void> {
    const entryId = this.#entryFor('thinking');
    const { transcript } = this.run;
    await transcript.addText(thought, text =>
      AgentThinking({ ...transcript.place, entryId, text, at: transcript.now() }),
    );
  }

  /** Something else comes in between. */
  pause(): void {
    this.#kind = undefined;
  }

  #entryFor(kind: 'text' | 'thinking'): string {
    if (this.#kind !== kind) {
      this.#kind = kind;
      this.#entry += 1;
      if (kind === 'text') {
        this.#before = this.last;
        this.#last = '';
      }
    }
    const { attemptId } = this.run.transcript.place;
    return `${attemptId}/${this.prefix}.${kind}.${this.#entry}`;
  }
}
