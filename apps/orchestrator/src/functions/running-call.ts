import type { FunctionCall, FunctionOrder, OutputContract, StepFunctions } from '@runledger/contracts';
import type { RecordAttemptEnded } from '../runs/run-commands.js';
import { errorOf, FunctionUnknownError, timedOut } from './call-errors.js';
import { resultOf } from './call-result.js';

/** How the attempt of a function ended. */
export type CallEnd = Omit<RecordAttemptEnded['data'], 'step' | 'attempt' | 'at'>;

/** `unwanted`: the run is being cancelled. `gone`: it does not wait for this attempt any more. */
export type Interest = 'awaited' | 'unwanted' | 'gone';

/** How often one looks whether the run still waits for a call that takes long. */
export const LOOK_EVERY_MS = 1_000;

interface Ordered {
  readonly function?: FunctionOrder | undefined;
  readonly timeoutMs: number;
  readonly output?: OutputContract | undefined;
}

/** One call of a function: in time, or stopped when nobody waits for it any more. */
export class RunningCall {
  readonly #stop = new AbortController();

  constructor(
    private readonly ordered: Ordered,
    private readonly place: Omit<FunctionCall, 'signal' | 'changes'>,
  ) {}

  /** Of a run that was cancelled before: the function is not called. */
  cancelled(): CallEnd {
    const error = { code: 'CANCELLED', message: 'The run was cancelled before this step began.' };
    return { ...NOTHING, outcome: 'ERROR', cancelled: true, error };
  }

  /**
   * `interest` says whether the run still waits. Of a call that nobody waits for any more, the function is told and not waited for;
   * while its run is being cancelled it is told, and has until the run's patience ends to say how far it came.
   */
  async made(functions: StepFunctions, interest: () => Promise<Interest>): Promise<CallEnd | 'gone'> {
    let stop: (end: CallEnd | 'gone') => void = () => undefined;
    const stopped = new Promise<CallEnd | 'gone'>(resolve => (stop = resolve));
    const until = performance.now() + this.ordered.timeoutMs;
    const wait = () => Math.min(LOOK_EVERY_MS, Math.max(1, until - performance.now()));
    const look = () => {
      if (performance.now() >= until) return stop(this.#timedOut());
      timer = setTimeout(look, wait());
      interest().then(
        found => this.#heed(found, stop),
        () => undefined, // whoever stores the end says what is wrong with the store
      );
    };
    let timer = setTimeout(look, wait());
    try {
      return await Promise.race([this.#ended(functions), stopped]);
    } finally {
      clearTimeout(timer);
    }
  }

  #timedOut(): CallEnd {
    const error = timedOut(this.ordered.timeoutMs);
    this.#stop.abort(new DOMException(error.message, 'TimeoutError'));
    return { ...NOTHING, outcome: 'ERROR', error };
  }

  #heed(interest: Interest, stop: (end: 'gone') => void): void {
    if (interest === 'awaited') return;
    this.#stop.abort(new DOMException('The run does not wait for this step any more.', 'AbortError'));
    if (interest === 'gone') stop(interest);
  }

  async #ended(functions: StepFunctions): Promise<CallEnd> {
    const { function: order = { name: '', input: {} }, output } = this.ordered;
    try {
      const known = Object.hasOwn(functions, order.name) ? functions[order.name] : undefined;
      if (!known) throw new FunctionUnknownError(order.name);
      return { ...NOTHING, ...resultOf(await known(order.input, this.#told(order)), output) };
    } catch (error) {
      return { ...NOTHING, outcome: 'ERROR', cancelled: this.#stop.signal.aborted, error: errorOf(error) };
    }
  }

  /** The signal is made for those who look at it. */
  #told({ changes }: FunctionOrder): FunctionCall {
    const stop = this.#stop;
    return {
      ...this.place,
      ...(changes === undefined ? {} : { changes }),
      get signal() {
        return stop.signal;
      },
    };
  }
}

const NOTHING = { cancelled: false, summary: undefined, output: undefined, error: undefined } as const;
