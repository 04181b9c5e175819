import type { Readable } from 'node:stream';
import type { CallJournal } from './call-journal.js';
import type { ExecRequest } from './sandbox-driver.js';

/** The processes of one call, in whichever way a driver runs them. Output goes to the journal's spools. */
export interface CallTree {
  /** Resolves when nothing of the call is alive and its last byte is spooled. */
  readonly exited: Promise<void>;
  /** Asks every process to end. */
  terminate(): void;
  /** Kills every process. Its exit code is still written down where that is possible. */
  kill(): void;
  /** Lets go of the tree: it is killed at once and leaves no exit code, as if the service had died. */
  abandon(): void;
  /** What the tree says of its exit code, where the journal's status is not to be believed. */
  exitCode?(): number | undefined;
  /** How often the kernel killed for want of memory meanwhile, where no control group of ours counts it. */
  oomKills?(): number;
}

export interface TreeSettings {
  readonly request: ExecRequest;
  readonly journal: CallJournal;
  readonly stdin?: Buffer;
  readonly input?: Readable;
  /** Most output per channel that is spooled. */
  readonly maxBytes: number;
}

/** Starts what a call runs. */
export type BeginTree = (settings: TreeSettings) => CallTree;
