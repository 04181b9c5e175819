import { TransientMap } from '@runledger/kernel';
import type { AppendRequest } from '../append-request.js';
import type { AppendOutcome } from '../port.js';
import { SpareTime } from './spare-time.js';
import { StoreUnavailableError } from './store-errors.js';

export interface FlightLimits {
  /** Transactions under way at once. */
  readonly flights: number;
  /** Most appends that share one transaction. */
  readonly appends: number;
  /** Most bytes of events in a shared transaction; a single append may be larger. */
  readonly bytes: number;
}

/** Appends that make another flight worth its while. */
const WELL_FILLED = 32;
/** With fewer events a flight does not leave others behind. */
const FEWEST_EVENTS = 8;

/** Stores several appends to different streams in one transaction; an `Error` in its result is meant for that append alone. */
export type Fly = (requests: readonly AppendRequest[]) => Promise<readonly (AppendOutcome | Error)[]>;

interface Passenger {
  readonly key: string;
  readonly request: AppendRequest;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets concurrent appends of one process share transactions, so that they share commits.
 *
 * F1 Each caller gets the outcome of its own append; nobody sees another's conflict or fault.
 * F2 Appends to one stream go one after the other, in the order they were asked for: at most one is under way.
 * F3 The appends of a flight are sorted by (tenant, name), so that flights lock rows in one order and never deadlock.
 * F4 When a shared flight fails, each append is tried alone: only the culprit keeps the error. That is safe because
 *    appends are idempotent (E1).
 */
export class Flights {
  readonly #queues = new TransientMap<string, Passenger[]>();
  /** Keys of streams that have a passenger and nothing under way (F2), oldest first. */
  readonly #ready: string[] = [];
  #flying = 0;
  /** Passengers of the flight before. */
  #company = 0;
  #boarding = false;
  #landed: (() => void)[] = [];

  constructor(
    private readonly fly: Fly,
    private readonly limits: FlightLimits,
    private readonly spareTime: { readonly isThere: boolean } = new SpareTime(),
  ) {}

  append(request: AppendRequest): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      const key = `${request.stream.tenant}\0${request.stream.name}`;
      const queue = this.#queues.get(key);
      const passenger = { key, request, resolve, reject };
      if (queue) queue.push(passenger);
      else {
        this.#queues.set(key, [passenger]);
        this.#ready.push(key);
        this.#boardSoon();
      }
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0) await new Promise<void>(resolve => this.#landed.push(resolve));
  }

  /**
   * Waits for the callers that go on with what has just arrived: they can share the flight. It departs before the next answer is
   * looked at: taken up together, all flights would be under way at once, and then nobody has anything to do but wait for them.
   * Where nobody had company the last time, nothing is under way that could bring some: then it departs at once, and what else
   * can go on does so meanwhile.
   */
  #boardSoon(): void {
    if (this.#boarding || this.#flying >= this.#planes()) return;
    if (this.#flying === 0 && this.#company <= 1) return void this.#depart(this.#board());
    this.#boarding = true;
    process.nextTick(() => {
      this.#boarding = false;
      while (this.#ready.length > 0 && this.#flying < this.#planes()) void this.#depart(this.#board());
    });
  }

  /**
   * Flights that may be under way at once. Each costs both sides as much as a dozen appends, so a few well-filled ones carry
   * more than many; two are the least, so that the next one is filled while another is under way. Where this thread mostly waits
   * for the server, a third one makes use of that.
   */
  #planes(): number {
    const filled = Math.ceil(this.#queues.size / Math.min(WELL_FILLED, this.limits.appends));
    return Math.min(this.limits.flights, Math.max(this.spareTime.isThere ? 3 : 2, filled));
  }

  /** Shares all who travel among the flights, those under way included: one that took all would leave the others idle. */
  #board(): Passenger[] {
    const share = Math.ceil(this.#queues.size / this.#planes());
    const passengers: Passenger[] = [];
    let [events, bytes] = [0, 0];
    while (passengers.length < this.limits.appends && (passengers.length < share || events < FEWEST_EVENTS)) {
      const next = this.#queues.get(this.#ready[0] ?? '')?.[0];
      if (!next || (passengers.length > 0 && bytes + next.request.bytes > this.limits.bytes)) break;
      this.#ready.shift();
      passengers.push(next);
      events += next.request.events.length;
      bytes += next.request.bytes;
    }
    return passengers.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async #depart(passengers: readonly Passenger[]): Promise<void> {
    this.#flying += 1;
    this.#company = passengers.length;
    try {
      await this.#deliver(passengers);
    } catch (error) {
      if (passengers.length === 1) passengers[0]?.reject(error);
      else await this.#oneByOne(passengers);
    } finally {
      this.#flying -= 1;
      this.#disembark(passengers);
    }
  }

  async #deliver(passengers: readonly Passenger[]): Promise<void> {
    const landings = await this.fly(passengers.map(({ request }) => request));
    for (const [index, passenger] of passengers.entries()) {
      const landing = landings[index];
      if (landing === undefined) passenger.reject(new TypeError('A flight landed without one of its appends.'));
      else if (landing instanceof Error) passenger.reject(landing);
      else passenger.resolve(landing);
    }
  }

  /** F4. When the store cannot even be reached, the rest need not wait to learn the same. */
  async #oneByOne(passengers: readonly Passenger[]): Promise<void> {
    let unreachable: StoreUnavailableError | undefined;
    for (const passenger of passengers) {
      try {
        if (unreachable) throw unreachable;
        await this.#deliver([passenger]);
      } catch (error) {
        if (error instanceof StoreUnavailableError) unreachable = error;
        passenger.reject(error);
      }
    }
  }

  #disembark(passengers: readonly Passenger[]): void {
    for (const { key } of passengers) {
      const queue = this.#queues.get(key);
      queue?.shift();
      if (queue && queue.length > 0) this.#ready.push(key);
      else this.#queues.delete(key);
    }
    if (this.#ready.length > 0) this.#boardSoon();
    if (this.#queues.size > 0) return;
    for (const resolve of this.#landed.splice(0)) resolve();
  }
}
