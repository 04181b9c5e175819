import { UsageRecorded } from '@runledger/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { prefixOf } from '../agent/agent-run.js';
import { UNTOLD } from '../agent/model-usage.js';
import type { TokenBuckets } from '../agent/model-usage.js';
import type { StepRun } from '../attempt/step-run.js';
import { AttemptPausedError } from '../attempt/stop-switch.js';
import type { Admission, AskedRequest, CallWatch, RelayMeter } from '../egress/relay-meter.js';
import { readRequest } from './relayed-request.js';
import type { BoundedRequest } from './relayed-request.js';
import { RelayedUsage } from './relayed-usage.js';

/** Unless its step says otherwise: what is not said in a request has to be bounded by somebody. */
const MAX_OUTPUT_TOKENS = 32_768;
/** The end of a program's answers may come a little after its own. */
const LAST_WORDS_MS = 2_000;

export interface MeteredProgram {
  readonly run: Pick<StepRun, 'budget' | 'transcript' | 'history'>;
  /** Under which provider its tokens are priced. */
  readonly provider: string;
  readonly maxOutputTokens?: number | undefined;
}

/**
 * The calls of a model that a program makes through its relay, as money sees them: the most that each can cost is set aside before it goes
 * out, and what it used is recorded by what its answer says (M1). One for which there is no room is refused, and the program is ended until there is.
 */
export class ProgramMeter implements RelayMeter {
  readonly #open = new Set<Promise<void>>();
  #calls = 0;
  #recorded = 0;
  /** Ends the conversation: set by whoever holds it. */
  onLeave: (error: unknown) => void = () => undefined;

  constructor(private readonly program: MeteredProgram) {}

  /** Some call was counted: what the program says of its tokens would count them again. */
  get hasCounted(): boolean {
    return this.#recorded > 0;
  }

  async admit(asked: AskedRequest): Promise<Admission> {
    const read = readRequest(asked, this.program.maxOutputTokens ?? MAX_OUTPUT_TOKENS);
    switch (read.kind) {
      case 'free':
        return { body: asked.body };
      case 'refused':
        return { refused: { status: 403, body: errorOf('request_refused', read.message) } };
      case 'bounded':
        return this.#reserved(read.request);
    }
  }

  /** Resolves when everything that was used is recorded. */
  async close(): Promise<void> {
    await Promise.race([Promise.all(this.#open), delay(LAST_WORDS_MS, undefined, { ref: false })]);
  }

  async #reserved({ body, ...most }: BoundedRequest): Promise<Admission> {
    const { run, provider } = this.program;
    const { transcript, budget, history } = run;
    this.#calls += 1;
    const name = `${prefixOf(transcript.place)}relay.e${history.epoch}.${this.#calls}`;
    const callId = `${transcript.place.attemptId}.${name}`;
    try {
      const reservation = await budget.reserve({ callId, provider, ...most });
      if (reservation.granted) return { body, watch: this.#watch(callId, most) };
      transcript.note('InfoRecorded', `budget.${name}`, reservation.reason);
      this.onLeave(new AttemptPausedError());
      return { refused: { status: 402, body: errorOf('budget_exhausted', reservation.reason) } };
    } catch (error) {
      this.onLeave(error);
      throw error;
    }
  }

  #watch(callId: string, { model, maxOutputTokens }: Pick<BoundedRequest, 'model' | 'maxOutputTokens'>): CallWatch {
    let status: number | undefined;
    let usage: RelayedUsage | undefined;
    let done: () => void = () => undefined;
    const open = new Promise<void>(resolve => (done = resolve));
    this.#open.add(open);
    const end = async (isWhole: boolean): Promise<void> => {
      const buckets = isWhole ? usage?.buckets : usage?.brokenOff(maxOutputTokens);
      if (buckets) this.#record(callId, model, buckets);
      // Said no to, as far as anybody knows for nothing.
      else if (status !== undefined && status >= 400) await this.program.run.budget.release(callId);
      // Answered without a word of what it used. Of an answer that never came nobody knows.
      else if (status !== undefined) this.#record(callId, model, UNTOLD);
    };
    return {
      answered: (given, contentType) => {
        status = given;
        usage = new RelayedUsage(contentType);
      },
      chunk: bytes => usage?.take(bytes),
      over: isWhole => {
        end(isWhole)
          .catch((error: unknown) => this.onLeave(error))
          .finally(() => {
            this.#open.delete(open);
            done();
          });
      },
    };
  }

  #record(callId: string, model: string, buckets: TokenBuckets): void {
    const { run, provider } = this.program;
    const { transcript } = run;
    this.#recorded += 1;
    const usage = { kind: 'model', provider, model, ...buckets } as const;
    transcript.add(UsageRecorded({ ...transcript.place, usageId: callId, usage, at: transcript.now() }));
  }
}

/** As both families of clients read it. */
function errorOf(type: string, message: string): object {
  return { type: 'error', error: { type, code: type, message } };
}
