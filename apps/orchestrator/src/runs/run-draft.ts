import type { RunEvent } from '@runledger/contracts';
import { evolveRun } from './run-evolve.js';
import type { Run, RunningRun } from './run-state.js';

/** The events that a decision is about to make, and the run as it will be after them. Lives for one decision. */
export class RunDraft {
  readonly events: RunEvent[] = [];
  #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  emit(event: RunEvent): void {
    this.events.push(event);
    this.#run = evolveRun(this.#run, event);
  }

  /** The run as it is now, unless it has ended. */
  get running(): RunningRun | undefined {
    return this.#run.status === 'running' ? this.#run : undefined;
  }
}
