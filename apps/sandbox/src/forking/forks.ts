import type { Readable } from 'node:stream';

/** Where one descriptor of a process leads. */
export type Descriptor =
  /** To nothing. */
  | 'ignore'
  /** To bytes that are handed in while it runs; descriptor 0 only. */
  | 'fed'
  /** To a pipe at whose other end nothing is ever written: it breaks when the process is let go, or whoever started it dies. */
  | 'held'
  | { readonly open: string; readonly flags: 'r' | 'a' }
  /** To a file that only the descriptor leads to: what is in it is not left on disk. */
  | { readonly hidden: string; readonly content: Uint8Array };

/** A process that is to be started, in a session of its own. */
export interface ForkOrder {
  readonly program: string;
  readonly argv: readonly string[];
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** From 0 on; what is not named leads to nothing. */
  readonly descriptors: readonly Descriptor[];
}

export interface Forked {
  /** Undefined until it is known. */
  readonly pid: number | undefined;
  /** Resolves when it is gone. Rejects when it was never started. */
  readonly exited: Promise<void>;
  /** Breaks the pipes that are held for it. */
  letGo(): void;
}

/** Of programs that the service runs for itself: more than very many files take, and a disk that does not answer takes for ever. */
export const LONGEST_RUN_MS = 600_000;

/** A program that was waited for. */
export interface Ran {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts processes. */
export interface Forks {
  /** `input` goes to the descriptor that is fed. */
  start(order: ForkOrder, input?: Readable): Forked;
  /**
   * Resolves when it has ended, however. Rejects when it could not be started, or said more than a mebibyte; with `ETIMEDOUT` when it was
   * killed because it took longer than `limitMs`, whether or not it is gone then. Default: {@link LONGEST_RUN_MS}.
   */
  run(program: string, argv: readonly string[], limitMs?: number): Promise<Ran>;
}

/** The process that starts others ended: whether it had started what it was asked for, nobody can tell; if so, that goes, too. */
export class ForkServerLostError extends Error {
  constructor(how: string) {
    super(`the process that starts others ${how}`);
    this.name = 'ForkServerLostError';
  }
}
