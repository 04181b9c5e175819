import type { ForkOrder, Ran } from './forks.js';

export interface RunOrder {
  readonly program: string;
  readonly argv: readonly string[];
  readonly limitMs: number;
}

/** What a service asks of its fork server. Each has a number of its own, by which all that follows is told. */
export type ForkRequest =
  | { readonly id: number; readonly start: ForkOrder }
  | { readonly id: number; readonly letGo: true }
  | { readonly id: number; readonly run: RunOrder };

export type ForkReport =
  | { readonly id: number; readonly pid: number }
  | { readonly id: number; readonly exited: true }
  | { readonly id: number; readonly ran: Ran }
  /** It was never started, or took too long. */
  | { readonly id: number; readonly failed: { readonly message: string; readonly code?: string | undefined } };
