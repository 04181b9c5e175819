import { StepSkipped, type RunEvent } from '@runledger/contracts';
import { evolveRun } from './run-evolve.js';
import type { KnownRun, Run, RunningRun } from './run-state.js';

type Skipped = ReturnType<typeof StepSkipped>['data'];

/** So many steps are left out by an event each; further ones share the last event, so that all fit into one append. */
const OWN_EVENTS = 200;

/** The events that a decision is about to make, and the run as it will be after them. Lives for one decision. */
export class RunDraft {
  readonly events: RunEvent[] = [];
  /** Steps that have ended or passed a gate here: what may start now is around them. */
  readonly touched: string[] = [];
  #run: Run;
  #skipped = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  emit(event: RunEvent): void {
    this.events.push(event);
    this.#apply(event);
  }

  /** Leaves out a step for a reason that many steps may have. */
  skip(data: Skipped): void {
    const last = this.events.at(-1);
    this.#skipped += 1;
    if (this.#skipped <= OWN_EVENTS || last?.type !== 'StepSkipped' || last.data.reason !== data.reason) {
      return this.emit(StepSkipped(data));
    }
    this.events[this.events.length - 1] = StepSkipped({
      ...last.data,
      others: [...(last.data.others ?? []), data.step],
    });
    this.#apply(StepSkipped(data));
  }

  #apply(event: RunEvent): void {
    this.#run = evolveRun(this.#run, event);
    switch (event.type) {
      case 'StepCompleted':
      case 'StepFailed':
      case 'StepSkipped':
      case 'GateResolved':
        this.touched.push(event.data.step);
        return;
      default:
    }
  }

  /** The run as it is now, unless it has ended. */
  get running(): RunningRun | undefined {
    return this.#run.status === 'running' ? this.#run : undefined;
  }

  /** The run as it is now, ended or not. */
  get known(): KnownRun | undefined {
    return this.#run.status === 'running' || this.#run.status === 'ended' ? this.#run : undefined;
  }
}
