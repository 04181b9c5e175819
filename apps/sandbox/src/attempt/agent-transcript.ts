import type { AttemptEntry } from './attempt.decider.js';
import { Transcript } from './transcript.js';
import type { TranscriptSink } from './transcript.js';

const ELSEWHERE: TranscriptSink = {
  record: () => Promise.reject(new TypeError('A sub-agent writes into the transcript of its attempt.')),
  end: () => Promise.reject(new TypeError('A sub-agent does not end its attempt.')),
  close: () => undefined,
};

/** The transcript of an attempt as one of its sub-agents writes into it: every entry says so. */
export class AgentTranscript extends Transcript {
  constructor(
    private readonly whole: Transcript,
    agent: string,
  ) {
    super(ELSEWHERE, { now: () => whole.now() }, { worker: '', place: { ...whole.place, agent } });
  }

  override get lost(): AbortSignal {
    return this.whole.lost;
  }

  override add(entry: AttemptEntry): void {
    this.whole.add(entry);
  }

  override addText(text: string, entryOf: (piece: string) => AttemptEntry): Promise<void> {
    return this.whole.addText(text, entryOf);
  }

  override flush(): Promise<void> {
    return this.whole.flush();
  }
}
