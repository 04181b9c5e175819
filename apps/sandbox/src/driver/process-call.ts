import type { Forks } from '../forking/forks.js';
import type { CallTree, TreeSettings } from './call-tree.js';
import { KILLED } from './call-journal.js';
import { livingInit, processesUnder, signalQuietly } from './process-tree.js';
import { type CallLaunch, SupervisedProcess } from './supervised-process.js';

/** A call whose processes run on this machine, in a pid namespace below a supervisor. */
export class ProcessCall implements CallTree {
  readonly exited: Promise<void>;
  readonly #settings: TreeSettings;
  readonly #launch: CallLaunch;
  readonly #process: SupervisedProcess;
  #killed = false;

  constructor(forks: Forks, launch: CallLaunch, settings: TreeSettings) {
    this.#settings = settings;
    this.#launch = launch;
    const { request, stdin, input, maxBytes } = settings;
    this.#process = new SupervisedProcess(forks, settings.journal, launch, {
      callId: request.callId,
      ...(stdin && { stdin }),
      ...(input && { input }),
      maxBytes,
    });
    this.exited = this.#process.exited;
  }

  terminate(): void {
    const init = this.#init();
    if (init !== undefined) processesUnder(init).forEach(pid => signalQuietly(pid, 'SIGTERM'));
  }

  /** Death of the init is death of everything in its namespace, and bwrap still writes the exit code. */
  kill(): void {
    this.#killed = true;
    const init = this.#init();
    if (init === undefined) this.abandon();
    else signalQuietly(init, 'SIGKILL');
  }

  abandon(): void {
    this.#process.abandon();
  }

  /** A launcher that does not write the status itself may tell a kill by any number. */
  exitCode(): number | undefined {
    return this.#killed && this.#launch.recordExitCode ? KILLED : this.#settings.journal.exitCode();
  }

  #init(): number | undefined {
    return livingInit(this.#settings.journal.init(), this.#process.pid);
  }
}
