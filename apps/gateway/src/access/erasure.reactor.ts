import type { MemberErased } from '@runledger/contracts';
import { pause } from '@runledger/event-store';
import type { RecordedEvent } from '@runledger/event-store';
import { RetryableError } from '@runledger/kernel';
import type { Reactor } from '@runledger/messaging';
import { KEY_COUNTS_MS } from '@runledger/platform';
import type { SubjectKeys } from '@runledger/platform';
import { rebuild, RebuildUnderWayError } from '@runledger/projections';
import type { Projection, RebuildParts } from '@runledger/projections';

export interface ErasureParts {
  readonly keys: SubjectKeys;
  readonly readModels: RebuildParts;
  readonly projections: readonly Projection[];
  /** Default as long as a key counts that a process has read. */
  readonly keyCountsMs?: number;
}

/**
 * A member was erased → their key is destroyed, and every read model is made anew without it. Any number of times, to the same end
 * (R1): a process that dies on the way leaves it to the next.
 */
export class ErasureReactor implements Reactor {
  readonly name = 'gateway.erasure';
  readonly types = ['MemberErased'];
  readonly #ending = new AbortController();

  constructor(private readonly parts: ErasureParts) {}

  async react(event: RecordedEvent): Promise<void> {
    const { keys, projections, readModels, keyCountsMs = KEY_COUNTS_MS } = this.parts;
    const { memberId: subject } = event.data as ReturnType<typeof MemberErased>['data'];
    await keys.destroy({ workspaceId: event.tenant, subject });
    await pause(keyCountsMs, this.#ending.signal); // until no process writes a row with the key that it has in hand
    for (const projection of projections) await this.#purge(projection, readModels);
  }

  stop(): void {
    this.#ending.abort();
  }

  /** What an interrupted rebuild has left may have been made with the key, so it begins anew. */
  async #purge(projection: Projection, readModels: RebuildParts): Promise<void> {
    const { signal } = this.#ending;
    if (signal.aborted) throw stopped();
    try {
      await rebuild(readModels, projection, { fresh: true, signal });
    } catch (error) {
      if (!signal.aborted && !(error instanceof RebuildUnderWayError)) throw error;
      throw stopped(error);
    }
  }
}

function stopped(cause?: unknown): RetryableError {
  const message = 'The read models could not be made anew now; it is tried again.';
  return new RetryableError('PURGE_INTERRUPTED', message, { cause });
}
