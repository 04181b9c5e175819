import type { FunctionCall, FunctionOrder, OutputContract, StepFunctions } from '@runledger/contracts';
import type { RecordAttemptEnded } from '../runs/run-commands.js';
import { mapStrings } from '../references/references.js';
import type { Interest } from './call-interest.js';
import { errorOf, FunctionUnknownError, timedOut } from './call-errors.js';
import { resultOf } from './call-result.js';

/** How the attempt of a function ended. */
export type CallEnd = Omit<RecordAttemptEnded['data'], 'step' | 'attempt' | 'at'>;

/** `gone`: the run does not wait for it any more. `stopped`: this process ends before the function does. */
export type CallOutcome = CallEnd | 'gone' | 'stopped';

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
  #settle: (end: CallOutcome) => void = () => undefined;

  constructor(
    private readonly ordered: Ordered,
    private readonly place: Omit<FunctionCall, 'signal' | 'changes'>,
  ) {}

  /** Of a run that was cancelled before: the function is not called. */
  cancelled(): CallEnd {
    return cancelledAs('The run was cancelled before this step began.');
  }

  /**
   * `interest` says whether the run still waits. Of a call that nobody waits for any more, the function is told and not waited for;
   * while its run is being cancelled it is told, and has until the run's patience ends to say how far it came.
   */
  async made(functions: StepFunctions, interest: () => Promise<Interest>): Promise<CallOutcome> {
    const stopped = new Promise<CallOutcome>(resolve => (this.#settle = resolve));
    const watch = this.#watched(interest, this.#settle);
    try {
      return await Promise.race([this.#ended(functions), stopped]);
    } finally {
      watch.end();
    }
  }

  /** This process can wait no longer. The function is not heard any more, before it is told: what it throws then is not how it ended. */
  leave(): void {
    this.#settle('stopped');
    this.#stop.abort(new DOMException('The platform stops; this call is made again when it goes on.', 'AbortError'));
  }

  /** Keeps the time of the call, and looks now and then whether the run still waits. */
  #watched(interest: () => Promise<Interest>, stop: (end: CallOutcome) => void): { end(): void } {
    const until = performance.now() + this.ordered.timeoutMs;
    const wait = () => Math.min(LOOK_EVERY_MS, Math.max(1, until - performance.now()));
    let [isLooking, isOver] = [false, false];
    const heed = (found: Interest) => {
      isLooking = false;
      // What the function has left behind on purpose, with its signal, is its own affair.
      if (!isOver) this.#heed(found, stop);
    };
    const look = () => {
      if (performance.now() >= until) return stop(this.#timedOut());
      timer = setTimeout(look, wait());
      if (isLooking) return; // a store that is slow is not asked ever more
      isLooking = true;
      // Whoever stores the end says what is wrong with the store.
      interest().then(heed, () => (isLooking = false));
    };
    let timer = setTimeout(look, wait());
    return {
      end: () => {
        isOver = true;
        clearTimeout(timer);
      },
    };
  }

  #timedOut(): CallEnd {
    const error = timedOut(this.ordered.timeoutMs);
    this.#stop.abort(new DOMException(error.message, 'TimeoutError'));
    return { ...NOTHING, outcome: 'ERROR', error };
  }

  #heed(interest: Interest, stop: (end: CallOutcome) => void): void {
    if (interest === 'awaited') return;
    this.#stop.abort(new DOMException('The run does not wait for this step any more.', 'AbortError'));
    if (interest === 'gone') stop(interest);
    if (interest === 'killed') stop(cancelledAs('The run was cancelled by force.'));
  }

  async #ended(functions: StepFunctions): Promise<CallEnd> {
    const { function: order = { name: '', input: {} }, output } = this.ordered;
    try {
      const known = Object.hasOwn(functions, order.name) ? functions[order.name] : undefined;
      if (!known) throw new FunctionUnknownError(order.name);
      // Its own copy: the event is read by others in this process, and what it was filled with is the state of the run.
      const input = mapStrings(order.input, text => text);
      return { ...NOTHING, ...resultOf(await known(input, this.#told(order)), output) };
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

function cancelledAs(message: string): CallEnd {
  return { ...NOTHING, outcome: 'ERROR', cancelled: true, error: { code: 'CANCELLED', message } };
}

const NOTHING = { cancelled: false, summary: undefined, output: undefined, error: undefined } as const;
