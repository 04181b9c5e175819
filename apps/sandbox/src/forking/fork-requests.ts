import type { ForkOrder, Ran } from './forks.js';

/** What a service asks of its fork server. Each has a number of its own, by which all that follows is told. */
export type ForkRequest =
  | { readonly id: number; readonly start: ForkOrder }
  | { readonly id: number; readonly letGo: true }
  | { readonly id: number; readonly run: { readonly program: string; readonly argv: readonly string[] } };

export type ForkReport =
  | { readonly id: number; readonly pid: number }
  | { readonly id: number; readonly exited: true }
  | { readonly id: number; readonly ran: Ran }
  /** It was never started. */
  | { readonly id: number; readonly failed: { readonly message: string; readonly code?: string | undefined } };
