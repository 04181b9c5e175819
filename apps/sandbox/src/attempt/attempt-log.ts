import type { CommandContext, CommandHandler } from '@runledger/event-store';
import { derivedId } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import type { Clock } from '@runledger/platform';
import { setTimeout as delay } from 'node:timers/promises';
import { OwnershipLostError } from './attempt-errors.js';
import type { AttemptCommand, AttemptEntry, EndedData } from './attempt.decider.js';
import { attempt } from './attempt.decider.js';
import type { AttemptPlace } from './attempt-place.js';
import { attemptStream } from './attempt-place.js';
import type { TranscriptSink } from './transcript.js';

const RETRY_MS = [250, 500, 1_000, 2_000, 5_000] as const;

export interface AttemptOwner {
  readonly workspaceId: string;
  readonly worker: string;
  readonly place: AttemptPlace;
  /** The epoch that this owner was given when it started or resumed the attempt. */
  readonly epoch: number;
  readonly causationId: string;
}

/**
 * One attempt's stream, as its owner writes it. The ids of a batch derive from attempt and the batch's name, so that sending
 * it again after an ambiguous failure stores it once (E1). Each append names the owner's epoch and the exact revision: when a
 * newer owner has appeared, nothing is stored (R3).
 */
export class AttemptLog implements TranscriptSink {
  readonly #closed = new AbortController();
  #batches = 0;

  constructor(
    private readonly commands: CommandHandler,
    private readonly clock: Clock,
    private readonly owner: AttemptOwner,
  ) {}

  /** Throws {@link OwnershipLostError}. `batch`: of somebody else's counting; left out, it is this owner's next one. */
  async record(entries: readonly AttemptEntry[], batch: string = this.#nextBatch()): Promise<void> {
    await this.#send({ type: 'RecordEntries', entries, epoch: this.owner.epoch }, batch);
  }

  async end(entries: readonly AttemptEntry[], data: EndedData): Promise<void> {
    await this.#send({ type: 'EndAttempt', entries, data, epoch: this.owner.epoch }, this.#nextBatch());
  }

  /** A store that is away is not waited for any longer. */
  close(): void {
    this.#closed.abort();
  }

  #nextBatch(): string {
    this.#batches += 1;
    return `epoch-${this.owner.epoch}/${this.#batches}`;
  }

  async #send(command: AttemptCommand, batch: string): Promise<void> {
    const context = this.#context(batch);
    const outcome = await this.#patiently(() =>
      this.commands.handle(attempt, attemptStream(this.owner.place), command, context),
    );
    if (outcome.status === 'refused')
      throw new OwnershipLostError(this.owner.place.attemptId, outcome.refusal.rejected);
  }

  /** A store that is away for a while must not end the attempt: the same batch is sent until it is in (E1). */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RetryableError) || this.#closed.signal.aborted) throw error;
        await delay(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], undefined, { signal: this.#closed.signal });
      }
    }
  }

  #context(batch: string): CommandContext {
    const { workspaceId, place, causationId } = this.owner;
    return {
      commandId: derivedId(causationId, `${place.attemptId}/${batch}`, 0),
      workspaceId,
      actor: { kind: 'service', id: 'sandbox' },
      occurredAt: this.clock.now(),
      correlationId: place.runId,
      causationId,
    };
  }
}
