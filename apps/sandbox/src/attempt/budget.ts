import { ReleaseBudget, ReserveBudget } from '@runledger/contracts';
import type { InputOf, PlannedUse } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import type { Clock, CommandClient } from '@runledger/platform';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReadyAttempt } from './attempt-place.js';
import type { HeldRuns } from './held-runs.js';

/** A call of a model that is about to be made, and the most that it can use. */
export interface PlannedCall extends Omit<Extract<PlannedUse, { kind: 'model' }>, 'kind'> {
  /** The usage id that it will be recorded under; a call that is made again has another one. */
  readonly callId: string;
}

export type Reservation = { readonly granted: true } | { readonly granted: false; readonly reason: string };

/** What an attempt may spend. Everything that goes in and out is plain data. */
export interface Budget {
  /** To be asked before each call of a model (M1). A refusal has put the run on hold: the attempt leaves and is resumed. */
  reserve(call: PlannedCall): Promise<Reservation>;
  /** Gives back what was set aside for a call that the provider did not take. */
  release(callId: string): Promise<void>;
}

/** Where nobody counts, as in a spec of something else. */
export const UNLIMITED: Budget = {
  reserve: () => Promise.resolve({ granted: true }),
  release: () => Promise.resolve(),
};

export interface BillingParts {
  readonly client: CommandClient;
  readonly held: HeldRuns;
  readonly clock: Clock;
}

/** How long a call waits for others to give back what they do not need, before its run is paused. */
const PATIENCE_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Asks billing. While billing cannot be reached no call is made: nobody knows whether it fits. A call that does not fit is
 * written down by billing, and the run is held here from that very event on, so that nobody takes the attempt up again before
 * it is paused.
 */
export class BudgetOfBilling implements Budget {
  constructor(
    private readonly parts: BillingParts,
    private readonly attempt: ReadyAttempt,
    private readonly signal: AbortSignal,
  ) {}

  async reserve({ callId, ...use }: PlannedCall): Promise<Reservation> {
    const beganMs = performance.now();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const final = performance.now() - beganMs > PATIENCE_MS;
      const answer = await this.#ask(callId, { kind: 'model', ...use }, final);
      if (answer) return answer;
      await delay(pauseMs, undefined, { signal: this.signal });
    }
  }

  async release(callId: string): Promise<void> {
    const { runId } = this.attempt.place;
    await this.parts.client.send(ReleaseBudget, { callId, runId }, this.#context()).catch((error: unknown) => {
      // It is given back when the attempt ends.
      if (!(error instanceof RetryableError)) throw error;
    });
  }

  /** Undefined: ask again. Each question is a command of its own: what was answered earlier may not hold any more. */
  async #ask(callId: string, use: PlannedUse, final: boolean): Promise<Reservation | undefined> {
    const { workspaceId, place } = this.attempt;
    const { runId, step, attempt } = place;
    const outcome = await this.#send({ callId, runId, step, attempt, use, final });
    if (outcome?.status !== 'accepted' || outcome.output.status === 'BUSY') return undefined;
    if (outcome.output.status === 'GRANTED') return { granted: true };
    if (outcome.position === undefined) return undefined;
    await this.parts.held.paused({ workspaceId, runId, position: outcome.position });
    return { granted: false, reason: outcome.output.reason };
  }

  async #send(asked: InputOf<typeof ReserveBudget>) {
    try {
      return await this.parts.client.send(ReserveBudget, asked, this.#context());
    } catch (error) {
      if (error instanceof RetryableError) return undefined;
      throw error;
    }
  }

  #context() {
    return {
      commandId: newUuid(),
      workspaceId: this.attempt.workspaceId,
      actor: { kind: 'service', id: 'sandbox' } as const,
      occurredAt: this.parts.clock.now(),
      correlationId: this.attempt.place.runId,
      causationId: this.attempt.readyEventId,
    };
  }
}
