import { StepReady, type StepFunctions } from '@runledger/contracts';
import type { CommandHandler, EventStore, PartitionLease, RecordedEvent } from '@runledger/event-store';
import { attemptId, Fault, streamOf, TransientSet } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor, Tenure } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { ORCHESTRATOR } from '../runs/orchestrator-actor.js';
import { run } from '../runs/run.decider.js';
import { CallInterest, type Interest, type Ready } from './call-interest.js';
import type { CallObserver } from './call-observer.js';
import { CallSlots } from './call-slots.js';
import { LOOK_EVERY_MS, RunningCall, type CallEnd, type CallOutcome } from './running-call.js';
import { Tenures } from './tenures.js';
import { MAX_WAITING, WaitingCalls, type Turn } from './waiting-calls.js';

const NAME = 'orchestrator.functions';
/** Results that wait for a store that is away: more than a process has reactions under way at a time. */
const MAX_UNSTORED = 4_000;
/** A process that stood still does not do so each time. */
const MAX_LATE_LOOKS = 3;

export interface FunctionParts {
  readonly commands: CommandHandler;
  readonly store: Pick<EventStore, 'head'>;
  readonly clock: Clock;
  readonly functions: StepFunctions;
  /** How many calls at most, of all workspaces. */
  readonly atATime: number;
  readonly observer: CallObserver;
  /** Aborts when this process can wait for functions no longer: what they do then is not stored, and they are called again. */
  readonly ending: AbortSignal;
}

/**
 * Calls the functions of ready steps, those of one run side by side, and stores what became of each in one append: the end of the
 * attempt and all that follows. More are taken up than are called at a time, so that one workspace does not keep the others
 * waiting. Where this process dies in between, the event comes again and the function is called again, with the same key (R1); one
 * whose end is stored is not.
 */
export function functionCalls(parts: FunctionParts): Reactor {
  const calls = new FunctionCalls(parts);
  return {
    name: NAME,
    types: [StepReady.type],
    orderBy: ({ data }) => {
      const { runId, step } = data as Ready;
      return `${runId}.${step}`;
    },
    sideBySide: parts.atATime + MAX_WAITING,
    hasRoom: () => calls.hasRoom,
    concerns: ({ data }) => (data as Ready).function !== undefined,
    react: (event, lease, tenure) => calls.answer(event, { lease, tenure }),
  };
}

/** The event was not dealt with: whoever has its partition next is given it again. */
class CallStoppedError extends Fault {
  constructor(runId: string) {
    super('CALL_STOPPED', 'The platform stops; the function is called again when it goes on.', { fields: { runId } });
  }
}

/** Under which this process reacts. */
interface Right {
  readonly lease: PartitionLease | undefined;
  readonly tenure: Tenure | undefined;
}

class FunctionCalls {
  /** By the id of the event: what was done is not done again because a store was away. */
  readonly #unstored = new Map<string, CallEnd>();
  readonly #tenures: Tenures;
  readonly #running = new TransientSet<RunningCall>();
  readonly #interest: CallInterest;
  readonly #slots: CallSlots;
  readonly #waiting: WaitingCalls;
  /** What ended could not be stored: nothing is called before the store has answered. */
  #isStoreAway = false;

  constructor(private readonly parts: FunctionParts) {
    const { store, commands, atATime, observer } = parts;
    this.#tenures = new Tenures(store);
    this.#interest = new CallInterest(commands);
    this.#slots = new CallSlots(atATime);
    this.#waiting = new WaitingCalls({ slots: this.#slots, interest: this.#interest, observer });
    parts.ending.addEventListener('abort', () => {
      for (const call of this.#running) call.leave();
    });
  }

  get hasRoom(): boolean {
    return this.#waiting.hasRoom;
  }

  /** A slot is had until the end is stored: who has none waits for one, and no result waits for the store but those of slots. */
  async answer(event: RecordedEvent, right: Right): Promise<void> {
    const known = this.#unstored.get(event.id);
    if (known) return this.#store(event, known);
    const since = performance.now();
    if (!this.#slots.take(event.tenant)) {
      const turn = await this.#waiting.turn(event, right.tenure?.signal);
      if (turn !== 'come') return this.#unneeded(event, turn);
    }
    try {
      await this.#begin(event, right, since);
    } finally {
      this.#slots.free(event.tenant);
    }
  }

  /** `since`: when it was taken up; who has waited long looks as often as while a call goes on. */
  async #begin(event: RecordedEvent, { lease, tenure }: Right, since: number): Promise<void> {
    const { observer } = this.parts;
    if (tenure?.valid === false) await tenure.whenValid();
    if (tenure?.signal.aborted) return this.#unneeded(event, 'stopped');
    const ready = event.data as Ready;
    const askedAt = performance.now();
    const causes = observer.causes(event);
    const links = causes && (await causes);
    const isOurs = this.#tenures.covers(event, lease) && performance.now() - askedAt < LOOK_EVERY_MS;
    const isAwaited = isOurs && askedAt - since < LOOK_EVERY_MS && this.#isAwaited(event.tenant, ready);
    const interest = isAwaited ? 'awaited' : await this.#interestNow(event.tenant, ready, lease);
    if (interest !== 'awaited') return this.#unneeded(event, interest);
    if (!isOurs) observer.takenOver(event);
    await observer.attempt(event, links, () => this.#call(event, callOf(event)));
  }

  #unneeded(event: RecordedEvent, why: Exclude<Turn, 'come'>): Promise<void> | undefined {
    if (why === 'gone') return undefined;
    if (why === 'stopped') throw new CallStoppedError((event.data as Ready).runId);
    return this.#store(event, callOf(event).cancelled());
  }

  async #call(event: RecordedEvent, call: RunningCall): Promise<void> {
    const ready = event.data as Ready;
    const end = await this.#made(ready, call, () => this.#interest.now(event.tenant, ready));
    if (end === 'stopped') throw new CallStoppedError(ready.runId);
    if (end !== 'gone') await this.#store(event, end);
  }

  async #made(ready: Ready, call: RunningCall, interest: () => Promise<Interest>): Promise<CallOutcome> {
    const { functions, observer, ending } = this.parts;
    if (ending.aborted) return 'stopped';
    this.#running.add(call);
    try {
      return await observer.call(ready, () => call.made(functions, interest));
    } finally {
      this.#running.delete(call);
    }
  }

  /**
   * Mostly this process itself has decided that the step is ready. What it remembers may be old, and is not trusted to say no; nor to
   * say yes where another process may have made the call.
   */
  #isAwaited(tenant: string, ready: Ready): boolean {
    return !this.#isStoreAway && this.#interest.remembered(tenant, ready) === 'awaited';
  }

  /**
   * Who stood still while he asked, longer than a lease lasts perhaps, has an old answer. Who is answered late each time has a slow
   * store, and calls all the same: else no step would begin as long as it is slow (R4).
   */
  async #interestNow(tenant: string, ready: Ready, lease: PartitionLease | undefined): Promise<Interest> {
    await this.#tenures.note(lease);
    for (let looks = 1; ; looks += 1) {
      const askedAt = performance.now();
      const interest = await this.#interest.now(tenant, ready);
      if (performance.now() - askedAt < LOOK_EVERY_MS || looks === MAX_LATE_LOOKS) return interest;
    }
  }

  async #store(event: RecordedEvent, end: CallEnd): Promise<void> {
    const { runId, step, attempt } = event.data as Ready;
    const at = this.parts.clock.now();
    const context = reactionContext(event, { reactor: NAME, actor: ORCHESTRATOR, now: at });
    const command = { type: 'RecordAttemptEnded', data: { step, attempt, ...end, at } } as const;
    try {
      await this.parts.commands.handle(run, streamOf('run', runId), command, context);
      this.#unstored.delete(event.id);
      this.#isStoreAway = false;
    } catch (error) {
      this.#isStoreAway = true;
      this.#keep(event.id, end);
      throw error;
    }
  }

  #keep(id: string, end: CallEnd): void {
    this.#unstored.set(id, end);
    const [oldest] = this.#unstored.keys();
    if (this.#unstored.size > MAX_UNSTORED && oldest !== undefined) this.#unstored.delete(oldest);
  }
}

function callOf({ tenant, data }: RecordedEvent): RunningCall {
  const ready = data as Ready;
  const { runId, step, attempt } = ready;
  const place = { workspaceId: tenant, runId, step, attempt };
  return new RunningCall(ready, { ...place, idempotencyKey: attemptId(runId, step, attempt) });
}
