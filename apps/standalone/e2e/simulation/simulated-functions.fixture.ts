import type { FunctionCall, FunctionResult, StepFunctions } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import { attemptId } from '@runledger/kernel';
import { Chance, hash } from './chance.fixture.js';
import type { SimulatedLog } from './simulated-log.fixture.js';
import type { ServiceParts } from './simulated-service.fixture.js';

interface Called extends Pick<FunctionCall, 'runId' | 'step' | 'attempt' | 'idempotencyKey' | 'signal'> {
  /** How many events the log had. */
  readonly at: number;
  /** What it did outside; undefined: it threw, or its process died before. */
  readonly effect?: number;
}

/** Data of the events that are looked at. */
interface Fact {
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
  readonly function?: object;
  readonly output?: { readonly effect?: number };
}

const OUTCOMES = ['done', 'done', 'done', 'done', 'done', 'nothing', 'throws', 'lacks'] as const;

/**
 * What steps call, and what it was seen to do outside. Each works for a while, in which its process may die; how it ends is a matter
 * of its key and the seed, so that it ends the same way however often it is called.
 */
export class SimulatedFunctions {
  readonly #called: Called[] = [];

  constructor(
    private readonly seed: number,
    private readonly log: SimulatedLog,
    private readonly work: (parts: ServiceParts) => Promise<void>,
  ) {}

  /** As one life of the orchestrator has them. */
  of(parts: ServiceParts): StepFunctions {
    return { ticket: (_input, call) => this.#ticket(parts, call) };
  }

  /** How many calls were made of an attempt that had been called before. */
  get again(): number {
    return this.#called.length - new Set(this.#called.map(({ idempotencyKey }) => idempotencyKey)).size;
  }

  /** How many were told that nobody waits for them any more, or that their time is up. */
  get stopped(): number {
    return this.#called.filter(({ signal }) => signal.aborted).length;
  }

  async #ticket(parts: ServiceParts, call: FunctionCall): Promise<FunctionResult | undefined> {
    const { runId, step, attempt, idempotencyKey, signal } = call;
    const index = this.#called.push({ runId, step, attempt, idempotencyKey, signal, at: this.log.events.length }) - 1;
    await this.work(parts);
    const chance = new Chance(this.seed ^ hash(idempotencyKey));
    const outcome = chance.of(OUTCOMES);
    if (outcome === 'throws') throw new Error('As the seed says.');
    if (outcome === 'lacks') throw Object.assign(new Error('As the seed says.'), { code: 'CREDENTIAL' });
    const called = this.#called[index];
    if (called) this.#called[index] = { ...called, effect: index };
    return outcome === 'nothing'
      ? undefined
      : { summary: `${step} did it`, output: { effect: index, risk: chance.below(10) } };
  }

  /** What the log and the world outside do not agree on; empty when they do. */
  findingsIn(events: readonly RecordedEvent[]): string[] {
    return [...this.#called.flatMap(called => strayIn(events, called)), ...this.#lostIn(events)];
  }

  /** What the log has of a function is what a call of that very attempt has done outside. */
  #lostIn(events: readonly RecordedEvent[]): string[] {
    return events.filter(isOrdered).flatMap(({ data }) => {
      const ready = data as Fact;
      const completed = events.find(({ type, data }) => type === 'StepCompleted' && isOf(ready, data as Fact));
      if (!completed) return [];
      const effects = this.#called.filter(called => isOf(ready, called)).flatMap(({ effect }) => effect ?? []);
      const { output } = completed.data as Fact;
      const found = output ? effects.includes(output.effect ?? -1) : effects.length > 0;
      return found ? [] : [`${placeOf(ready)} is completed, and no call of it had that effect`];
    });
  }
}

/** A call of what was not ready, under a key of another attempt, or of what the log knew the end of. */
function strayIn(events: readonly RecordedEvent[], called: Called): string[] {
  const { runId, step, attempt, idempotencyKey, at } = called;
  const before = events.slice(0, at);
  const end = before.find(({ type, data }) => ENDS.has(type) && isOf(called, data as Fact));
  return [
    ...(before.some(event => isOrdered(event) && isOf(called, event.data as Fact)) ? [] : ['was called unasked']),
    ...(idempotencyKey === attemptId(runId, step, attempt) ? [] : [`was called under ${idempotencyKey}`]),
    ...(end ? [`was called although the log had ${end.type} (R1)`] : []),
  ].map(what => `${placeOf(called)} ${what}`);
}

const ENDS = new Set(['StepCompleted', 'StepFailed', 'StepBlocked']);

const isOrdered = ({ type, data }: RecordedEvent) => type === 'StepReady' && (data as Fact).function !== undefined;

const isOf = (one: Pick<Fact, 'runId' | 'step' | 'attempt'>, other: Pick<Fact, 'runId' | 'step' | 'attempt'>) =>
  one.runId === other.runId && one.step === other.step && one.attempt === other.attempt;

const placeOf = ({ runId, step, attempt }: Pick<Fact, 'runId' | 'step' | 'attempt'>) => `${runId} ${step} ${attempt}`;
