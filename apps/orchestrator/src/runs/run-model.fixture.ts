import type { RunEvent, StepDefinition } from '@runledger/contracts';

/** How far a step is, said as plainly as can be. */
export interface ModelStep {
  readonly definition: StepDefinition;
  status: string;
  attempt: number;
  handled: boolean;
  notTaken: boolean;
  interrupted: boolean;
  /** Nothing is heard of it, which to people is being blocked. */
  silent: boolean;
  answered: false | 'SKIP' | 'FORCE_ADVANCE';
  gateId: string;
  position: string;
  outcome: string;
}

const NEXT: Readonly<Record<string, readonly string[]>> = {
  pending: ['waiting', 'executing', 'skipped', 'failed', 'cancelled'],
  waiting: ['pending', 'completed', 'skipped', 'failed', 'cancelled'],
  executing: ['waiting', 'completed', 'failed', 'blocked', 'retrying', 'cancelled', 'skipped', 'executing'],
  retrying: ['executing', 'failed', 'skipped', 'cancelled'],
  blocked: ['executing', 'failed', 'skipped', 'cancelled'],
  failed: ['executing', 'waiting', 'skipped', 'failed'],
  completed: [],
  skipped: [],
  cancelled: [],
};

/**
 * A run as a person would keep it on paper: folded from the facts alone, without anything that the decider keeps. Each fact is
 * checked as it comes: steps go forward only within an attempt, nothing starts before what it needs, each gate has one
 * decision (D1), and a run ends only for a reason and with nothing executing.
 */
export class RunModel {
  readonly steps: ModelStep[];
  readonly decided = new Set<string>();
  ended: string | undefined;
  discarded = false;
  closing: 'failed' | 'rejected' | 'cancelled' | undefined;
  force = false;
  /** Until when the sandbox has to confirm a cancellation. */
  stopBy = '';
  paused: { readonly cause: string; readonly step: string | undefined } | undefined;

  /** It has to wait for its turn before anything else of it begins. */
  #withoutTurn = false;

  /** `queues`: it has a concurrency key. */
  constructor(
    flow: readonly StepDefinition[],
    private readonly queues = false,
  ) {
    this.steps = flow.map(definition => ({
      definition,
      status: 'pending',
      attempt: 0,
      handled: false,
      notTaken: false,
      interrupted: false,
      silent: false,
      answered: false,
      gateId: '',
      position: '',
      outcome: '',
    }));
  }

  step(key: string): ModelStep {
    const found = this.steps.find(({ definition }) => definition.key === key);
    if (!found) throw new Error(`There is no step ${key}.`);
    return found;
  }

  all(status: string): ModelStep[] {
    return this.steps.filter(step => step.status === status);
  }

  isDone(key: string): boolean {
    const { status, handled } = this.step(key);
    return status === 'completed' || status === 'skipped' || (status === 'failed' && handled);
  }

  get failures(): ModelStep[] {
    return this.steps.filter(step => step.status === 'failed' && !step.handled);
  }

  get silent(): ModelStep[] {
    return this.all('executing').filter(({ silent }) => silent);
  }

  get startable(): ModelStep[] {
    return this.all('pending').filter(({ definition }) => definition.needs.every(need => this.isDone(need)));
  }

  /** Where the flow went after a step; undefined: it names no routes. */
  chosenAfter({ definition, status, outcome, handled, notTaken }: ModelStep): readonly string[] | undefined {
    const end = status === 'skipped' ? 'SUCCESS' : outcome;
    if (!definition.routes && !handled) return undefined;
    if (notTaken) return undefined;
    return definition.routes?.find(({ on }) => (on ? on.includes(end as never) : !handled))?.to ?? [];
  }

  /** No way leads to it: a route went elsewhere, or nothing that it needs was taken. */
  isExcluded({ definition: { key, needs } }: ModelStep): boolean {
    const steps = needs.map(need => this.step(need));
    if (steps.length > 0 && steps.every(({ status, notTaken }) => status === 'skipped' && notTaken)) return true;
    return steps.some(need => {
      const chosen = this.isDone(need.definition.key) ? this.chosenAfter(need) : undefined;
      const named = need.handled || need.definition.routes?.some(({ to }) => to.includes(key));
      return chosen !== undefined && Boolean(named) && !chosen.includes(key);
    });
  }

  /** Of parallel steps the most demanding state. */
  get standing(): string {
    if (this.discarded) return 'discarded';
    if (this.ended) return this.ended;
    if (this.closing) {
      return { failed: 'about to fail', rejected: 'about to be rejected', cancelled: 'being cancelled' }[this.closing];
    }
    if (this.all('blocked').length > 0 || this.silent.length > 0) return 'blocked';
    if (this.paused) return 'paused';
    if (this.all('waiting').length > 0) return 'waiting for people';
    if (this.all('executing').some(({ interrupted }) => interrupted)) return 'interrupted';
    return this.steps.every(({ status }) => status === 'pending') ? 'pending' : 'running';
  }

  fold(event: RunEvent): void {
    switch (event.type) {
      case 'RunPaused':
        if (event.data.cause === 'QUEUE') this.#withoutTurn = false;
        this.paused = { cause: event.data.cause, step: event.data.step };
        return;
      case 'RunResumed':
        this.paused = undefined;
        return;
      case 'RunReopened':
        return this.#reopen(event.data.scope, event.data.step);
      case 'RunCancelRequested':
        this.closing = 'cancelled';
        this.force = event.data.mode === 'FORCE';
        this.stopBy = event.data.stopBy ?? '';
        return;
      case 'RunCompleted':
        return this.#end(
          'completed',
          this.steps.every(({ definition }) => this.isDone(definition.key)),
        );
      case 'RunFailed':
        return this.#end(
          'failed',
          this.failures.some(({ definition }) => definition.key === event.data.step),
        );
      case 'RunRejected':
        return this.#end('rejected', this.closing === 'rejected');
      case 'RunCancelled':
        return this.#end('cancelled', this.closing === 'cancelled' || (event.data.unconfirmed?.length ?? 0) > 0);
      case 'RunDiscarded':
        assert(this.ended === 'failed' || this.ended === 'cancelled', 'only what failed or was cancelled is put away');
        this.discarded = true;
        return;
      case 'RunStarted':
        this.#withoutTurn = this.queues;
        return;
      case 'RunDeclined':
        return;
      default:
        this.#foldStep(event);
    }
  }

  #foldStep(event: Extract<RunEvent, { type: `Step${string}` | `Gate${string}` }>): void {
    assert(!this.ended, `${event.type} after the end`);
    const step = this.step(event.data.step);
    switch (event.type) {
      case 'StepReady':
        assert(
          step.definition.needs.every(need => this.isDone(need)),
          'started before what it needs',
        );
        assert(event.data.attempt === step.attempt + 1, 'attempts are numbered without holes');
        assert(!this.closing && !this.paused, 'started in a run that holds');
        assert(!this.#withoutTurn, 'started although it has not waited for its turn');
        assert(ordersWorkOf(event.data, step.definition), 'its work is ordered, as the flow has it, and no other');
        this.#move(step, 'executing', { attempt: event.data.attempt, interrupted: false, silent: false });
        return;
      case 'GateReached':
        assert(!this.decided.has(event.data.gateId) && step.gateId !== event.data.gateId, 'a gate is reached once');
        this.#move(step, 'waiting', { gateId: event.data.gateId, position: event.data.position, answered: false });
        return;
      case 'GateAnswered':
        assert(step.status === 'waiting' && step.gateId === event.data.gateId, 'answered where nobody asks');
        step.answered = event.data.verb;
        return;
      case 'GateResolved':
        assert(step.status === 'waiting' && step.gateId === event.data.gateId, 'decided where nobody asks');
        assert(!this.decided.has(event.data.gateId), 'D1: a gate has one decision');
        this.decided.add(event.data.gateId);
        if (event.data.decision === 'REJECT') this.closing ??= 'rejected';
        if (event.data.decision === 'REQUEST_CHANGES') this.#move(step, 'pending');
        if (event.data.decision === 'APPROVE' && step.position === 'before') this.#move(step, 'pending');
        return;
      case 'StepCompleted':
        this.#move(step, 'completed', { outcome: event.data.outcome });
        return;
      case 'StepFailed': {
        const { then = 'FAIL', attempt, outcome } = event.data;
        this.#move(step, 'failed', { attempt, outcome, handled: then === 'ROUTE' });
        if (then === 'FAIL') this.closing ??= 'failed';
        return;
      }
      case 'StepBlocked':
        if (event.data.cause.kind !== 'SILENT') return this.#move(step, 'blocked');
        assert(!this.paused && !step.interrupted && !step.silent, 'only who has no reason for it is silent');
        return this.#heard(step, true);
      case 'StepHeardAgain':
        assert(step.silent, 'heard again although it was not silent');
        return this.#heard(step, false);
      case 'StepRetryScheduled':
        assert(event.data.attempt === step.attempt + 1, 'the next attempt is tried');
        return this.#move(step, 'retrying');
      case 'StepSkipped':
        for (const key of [event.data.step, ...(event.data.others ?? [])]) {
          const left = this.step(key);
          assert(event.data.cause !== 'not_taken' || this.isExcluded(left), 'left out although a way leads there');
          this.#move(left, 'skipped', { notTaken: event.data.cause === 'not_taken' });
        }
        return;
      case 'StepCancelled':
        return this.#move(step, 'cancelled');
      case 'StepInterrupted':
      case 'StepReattached':
        assert(step.status === 'executing', 'interrupted where nothing executes');
        step.interrupted = event.type === 'StepInterrupted';
        return;
      case 'StepInstructionsEdited':
      case 'StepForceAdvanced':
    }
  }

  #heard(step: ModelStep, silent: boolean): void {
    assert(step.status === 'executing', 'silent where nothing executes');
    step.silent = silent;
  }

  #move(step: ModelStep, status: string, more: Partial<ModelStep> = {}): void {
    const allowed = NEXT[step.status] ?? [];
    assert(allowed.includes(status), `${step.definition.key} went from ${step.status} to ${status}`);
    Object.assign(step, { handled: false, ...more, status });
  }

  #reopen(scope: string, chosen: string | undefined): void {
    assert(this.ended === 'failed' || this.ended === 'cancelled' || this.closing === 'failed', 'reopened while open');
    const wasOver = this.ended !== undefined;
    this.#withoutTurn = this.queues && wasOver;
    this.ended = this.closing = this.paused = undefined;
    for (const step of this.steps) {
      const { key } = step.definition;
      const stays = this.isDone(key) || (step.status === 'executing' && !wasOver);
      const staysFailed = scope === 'STEP' && step.status === 'failed' && key !== chosen;
      if (scope !== 'BEGINNING' && (stays || staysFailed)) continue;
      Object.assign(step, { status: 'pending', handled: false, notTaken: false });
    }
  }

  #end(as: string, because: boolean): void {
    assert(!this.ended, 'a run ends once');
    assert(because, `the run is ${as} without a reason`);
    assert(this.all('executing').length === 0, `the run is ${as} although something executes`);
    this.ended = as;
    this.paused = undefined;
    // More open steps than fit into one append are cancelled by the end itself.
    for (const step of this.steps)
      if (['pending', 'waiting', 'blocked', 'retrying'].includes(step.status)) step.status = 'cancelled';
  }
}

function ordersWorkOf(
  { command, agent, function: called }: Extract<RunEvent, { type: 'StepReady' }>['data'],
  definition: StepDefinition,
): boolean {
  if (agent) return false; // no flow of these has one
  const isCalled =
    called?.name === definition.function?.name && called?.input['of'] === definition.function?.input['of'];
  return isCalled && command?.run === definition.command?.run;
}

export function assert(condition: boolean, rule: string): void {
  if (!condition) throw new Error(`Broken: ${rule}.`);
}
