import type { EgressRequest } from '../egress/egress-request.js';
import type { StepRun } from './step-run.js';

/** Further destinations of one call are only counted. */
const MOST_NOTED = 100;

interface Asked {
  readonly to: string;
  readonly refused: string | undefined;
  times: number;
}

/** Writes down what one call asked of the network: each destination at once, and at the end how often it was asked for. */
export class EgressNotes {
  readonly #asked = new Map<string, Asked>();
  #notes = 0;
  #uncounted = 0;

  constructor(
    private readonly run: Pick<StepRun, 'transcript' | 'history'>,
    private readonly callId: string,
  ) {}

  take({ method, host, port, refused }: EgressRequest): void {
    const to = `${method} ${host}:${port}`;
    const key = `${to} ${refused ?? ''}`;
    const known = this.#asked.get(key);
    if (known) known.times += 1;
    else if (this.#asked.size >= MOST_NOTED) this.#uncounted += 1;
    else {
      this.#asked.set(key, { to, refused, times: 1 });
      this.#note(`Network: ${to} ${refused === undefined ? 'was allowed' : `was refused: ${refused}`}.`);
    }
  }

  end(): void {
    for (const { to, refused, times } of this.#asked.values()) {
      const verdict = refused === undefined ? 'allowed' : 'refused';
      if (times > 1) this.#note(`Network: ${to} was ${verdict} ${times} times.`);
    }
    if (this.#uncounted > 0) this.#note(`Network: ${this.#uncounted} further requests went to other destinations.`);
  }

  #note(text: string): void {
    const { transcript, history } = this.run;
    this.#notes += 1;
    transcript.note('InfoRecorded', `egress.${history.epoch}.${this.callId}.${this.#notes}`, text);
  }
}
