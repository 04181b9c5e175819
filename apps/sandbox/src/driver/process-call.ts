import type { Forks } from '../forking/forks.js';
import type { CallTree, TreeSettings } from './call-tree.js';
import { KILLED } from './call-journal.js';
import { killTree } from './leftovers.js';
import { livingInit, processesUnder, signalQuietly } from './process-tree.js';
import { type CallLaunch, SupervisedProcess } from './supervised-process.js';

/** A launcher has asked to die with its parent by then: it comes to that within milliseconds. */
const LAUNCHED_MS = 500;

/** A call whose processes run on this machine, in a pid namespace below a supervisor. */
export class ProcessCall implements CallTree {
  readonly exited: Promise<void>;
  readonly #settings: TreeSettings;
  readonly #launch: CallLaunch;
  readonly #process: SupervisedProcess;
  #killed = false;
  #gone = false;
  #end: NodeJS.Timeout | undefined;

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
    this.exited = this.#process.exited.finally(() => {
      this.#gone = true;
      clearTimeout(this.#end);
    });
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

  /**
   * The supervisor dies, and its launcher with it: if it has come so far that it has asked the kernel for that. One that had not is
   * killed by name, later than any launcher takes.
   */
  abandon(): void {
    this.#process.abandon();
    if (this.#gone) return;
    this.#end ??= setTimeout(() => {
      if (this.#process.pid !== undefined) killTree(this.#settings.journal, this.#process.pid);
    }, LAUNCHED_MS);
  }

  /** A launcher that does not write the status itself may tell a kill by any number. */
  exitCode(): number | undefined {
    return this.#killed && this.#launch.recordExitCode ? KILLED : this.#settings.journal.exitCode();
  }

  #init(): number | undefined {
    return livingInit(this.#settings.journal.init(), this.#process.pid);
  }
}
