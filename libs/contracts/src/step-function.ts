import type { Json } from './values.js';

/** What a function is told besides its input. */
export interface FunctionCall {
  readonly workspaceId: string;
  readonly runId: string;
  readonly step: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** The same each time that this attempt is made: hand it on, so that the other side can drop a repeat. */
  readonly idempotencyKey: string;
  /** What people missed in the result of the attempt before. */
  readonly changes?: string;
  /** Aborted when the time of the step is up, and when the run no longer waits for it. */
  readonly signal: AbortSignal;
}

/** What the step has to show. */
export interface FunctionResult {
  /** For people, and for the prompts of later steps. */
  readonly summary?: string;
  /** For later steps; what the flow declares as `output`, when it does. */
  readonly output?: Json;
}

/**
 * Does a step in the orchestrator's process. Its result is stored once, after it: when the process dies before that, the function
 * is called again with the same `idempotencyKey` (R1). A throw fails the attempt with the `code`, `message` and `fix` of the
 * error; the codes `CREDENTIAL`, `ENVIRONMENT` and `INTEGRATION` block the step until somebody resumes the run.
 */
export type StepFunction = (
  input: Readonly<Record<string, Json>>,
  call: FunctionCall,
) => Promise<FunctionResult | undefined> | FunctionResult | undefined;

/** By the names that flows call them by, which are slugs. */
export type StepFunctions = Readonly<Record<string, StepFunction>>;
