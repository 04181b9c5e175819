import { StepReady, type StepFunctions } from '@runledger/contracts';
import type { CommandHandler, EventStore, PartitionLease, RecordedEvent } from '@runledger/event-store';
import { attemptId, Fault, streamOf } from '@runledger/kernel';
import { reactionContext } from '@runledger/messaging';
import type { Reactor } from '@runledger/messaging';
import type { Clock } from '@runledger/platform';
import { ORCHESTRATOR } from '../runs/orchestrator-actor.js';
import { inProgress } from '../runs/run-attempts.js';
import { run } from '../runs/run.decider.js';
import type { CallObserver } from './call-observer.js';
import { LOOK_EVERY_MS, RunningCall, type CallEnd, type CallOutcome, type Interest } from './running-call.js';
import { Tenures } from './tenures.js';

const NAME = 'orchestrator.functions';
/** Results that wait for a store that is away: more than a process has reactions under way at a time. */
const MAX_UNSTORED = 4_000;
/** A process that stood still does not do so each time. */
const MAX_LATE_LOOKS = 3;

type Ready = ReturnType<typeof StepReady>['data'];

export interface FunctionParts {
  readonly commands: CommandHandler;
  readonly store: Pick<EventStore, 'head'>;
  readonly clock: Clock;
  readonly functions: StepFunctions;
  /** How many calls at most. */
  readonly atATime: number;
  readonly observer: CallObserver;
  /** Aborts when this process can wait for functions no longer: what they do then is not stored, and they are called again. */
  readonly ending: AbortSignal;
}

/**
 * Calls the functions of ready steps, those of one run side by side, and stores what became of each in one append: the end of the
 * attempt and all that follows. Where this process dies in between, the event comes again and the function is called again, with
 * the same key (R1); one whose end is stored is not.
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
    sideBySide: parts.atATime,
    concerns: ({ data }) => (data as Ready).function !== undefined,
    react: (event, lease) => calls.answer(event, lease),
  };
}

/** The event was not dealt with: whoever has its partition next is given it again. */
class CallStoppedError extends Fault {
  constructor(runId: string) {
    super('CALL_STOPPED', 'The platform stops; the function is called again when it goes on.', { fields: { runId } });
  }
}

class FunctionCalls {
  /** By the id of the event: what was done is not done again because a store was away. */
  readonly #unstored = new Map<string, CallEnd>();
  readonly #tenures: Tenures;
  readonly #running = new Set<RunningCall>();

  constructor(private readonly parts: FunctionParts) {
    this.#tenures = new Tenures(parts.store);
    parts.ending.addEventListener('abort', () => {
      for (const call of this.#running) call.leave();
    });
  }

  async answer(event: RecordedEvent, lease: PartitionLease | undefined): Promise<void> {
    const { observer } = this.parts;
    const known = this.#unstored.get(event.id);
    if (known) return this.#store(event, known);
    const ready = event.data as Ready;
    const askedAt = performance.now();
    const causes = observer.causes(event);
    const links = causes && (await causes);
    const isOurs = this.#tenures.covers(event, lease) && performance.now() - askedAt < LOOK_EVERY_MS;
    const isAwaited = isOurs && this.#isAwaited(event.tenant, ready);
    const interest = isAwaited ? 'awaited' : await this.#interestNow(event.tenant, ready, lease);
    if (interest === 'gone') return;
    const call = callOf(event);
    if (interest !== 'awaited') return this.#store(event, call.cancelled());
    if (!isOurs) observer.takenOver(event);
    await observer.attempt(event, links, () => this.#call(event, call));
  }

  async #call(event: RecordedEvent, call: RunningCall): Promise<void> {
    const ready = event.data as Ready;
    const end = await this.#made(ready, call, () => this.#interest(event.tenant, ready));
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
    const known = this.parts.commands.remembered(run, { tenant, name: streamOf('run', ready.runId) });
    const found = known && inProgress(known, ready);
    return found !== undefined && !found.run.closing;
  }

  /**
   * Who stood still while he asked, longer than a lease lasts perhaps, has an old answer. Who is answered late each time has a slow
   * store, and calls all the same: else no step would begin as long as it is slow (R4).
   */
  async #interestNow(tenant: string, ready: Ready, lease: PartitionLease | undefined): Promise<Interest> {
    await this.#tenures.note(lease);
    for (let looks = 1; ; looks += 1) {
      const askedAt = performance.now();
      const interest = await this.#interest(tenant, ready);
      if (performance.now() - askedAt < LOOK_EVERY_MS || looks === MAX_LATE_LOOKS) return interest;
    }
  }

  async #interest(tenant: string, ready: Ready): Promise<Interest> {
    const { state } = await this.parts.commands.load(run, { tenant, name: streamOf('run', ready.runId) });
    const found = inProgress(state, ready);
    if (!found) return 'gone';
    const { closing } = found.run;
    if (closing?.as !== 'cancelled') return 'awaited';
    return closing.mode === 'FORCE' ? 'killed' : 'unwanted';
  }

  async #store(event: RecordedEvent, end: CallEnd): Promise<void> {
    const { runId, step, attempt } = event.data as Ready;
    const at = this.parts.clock.now();
    const context = reactionContext(event, { reactor: NAME, actor: ORCHESTRATOR, now: at });
    const command = { type: 'RecordAttemptEnded', data: { step, attempt, ...end, at } } as const;
    try {
      await this.parts.commands.handle(run, streamOf('run', runId), command, context);
      this.#unstored.delete(event.id);
    } catch (error) {
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
