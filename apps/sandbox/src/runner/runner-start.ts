import type { RunnerDirectory } from './runner-directory.js';
import { RunnerNotStartedError } from './runner-faults.js';
import { launchRunner } from './runner-launch.js';
import type { ReadyRunner, RunnerProgram } from './runner-launch.js';

/** Starts runners, from their startup snapshot for as long as one could be started from it: it was made for one kind of machine. */
export class RunnerStart {
  constructor(private program: RunnerProgram) {}

  /** Throws {@link RunnerNotStartedError}, and RunnerLateError, which passes. */
  async launch(directory: RunnerDirectory): Promise<ReadyRunner> {
    const { snapshot, ...whole } = this.program;
    try {
      return await launchRunner(directory, this.program);
    } catch (error) {
      if (snapshot === undefined || !(error instanceof RunnerNotStartedError)) throw error;
      const ready = await launchRunner(directory, whole);
      this.program = whole;
      process.emitWarning(
        `Agents start more slowly, because their startup snapshot is of no use here: ${error.message}`,
      );
      return ready;
    }
  }
}
