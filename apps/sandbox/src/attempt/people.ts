import { grantCovers, grantEvents } from '@runledger/contracts';
import type { CoveredCall, Grant, GrantEvent } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { EventCatalogue, streamOf } from '@runledger/kernel';
import type { AttemptPlace, ReadyAttempt } from './attempt-place.js';
import type { Answer } from './heard-answers.js';
import type { OpenWork } from './open-work.js';

/** What people have said to agents, and what they will say. */
export interface People {
  /** A grant that lets the call go ahead without asking. */
  covering(workspaceId: string, call: CoveredCall): Promise<Grant | undefined>;
  /** What was answered to the call's ask; undefined: nothing yet. */
  answerTo(workspaceId: string, place: AttemptPlace, callId: string): Promise<Answer | undefined>;
  /** The attempt is left until its call is answered: it holds no worker meanwhile. */
  wait(attempt: ReadyAttempt, callId: string): Promise<void>;
  /** The attempt goes on: it waits no more. */
  goOn(attempt: ReadyAttempt): Promise<void>;
}

/** Thrown through an attempt that cannot go on before people have answered. What it did is stored; it is resumed (R2). */
export class AwaitingPeopleError extends Error {
  /** `callId`: several, one per line, where any answer lets the attempt go on. */
  constructor(readonly callId: string) {
    super(`The attempt waits for people to answer its call ${callId.replaceAll('\n', ' or ')}.`);
    this.name = 'AwaitingPeopleError';
  }

  /** Waits for whichever is answered first. */
  static forAny(waits: readonly AwaitingPeopleError[]): AwaitingPeopleError {
    return new AwaitingPeopleError(waits.map(({ callId }) => callId).join('\n'));
  }
}

const REST = 'rest:';

/** Thrown through an attempt that cannot go on before a time: its provider wants to be left alone. Nothing sleeps meanwhile (R2). */
export class AwaitingTimeError extends AwaitingPeopleError {
  constructor(until: Date) {
    super(`${REST}${until.toISOString()}`);
    this.name = 'AwaitingTimeError';
  }
}

/** Whether what an attempt waited for was a time. */
export function isRest(waitedFor: string): boolean {
  return waitedFor.startsWith(REST);
}

const catalogue = new EventCatalogue(grantEvents);
const PAGE = 500;
const MOST_BOOKS = 1_000;

interface Book {
  next: number;
  readonly grants: Map<string, Grant>;
}

/** Grants as their stream says, and answers as the reactor has noted them. */
export class PeopleOfTheLog implements People {
  /** What was read of each workspace's grants; a stream only grows, so that the rest is read next time. */
  readonly #books = new Map<string, Book>();

  constructor(
    private readonly store: EventStore,
    private readonly work: OpenWork,
  ) {}

  async covering(workspaceId: string, call: CoveredCall): Promise<Grant | undefined> {
    const { grants } = await this.#bookOf(workspaceId);
    return [...grants.values()].find(grant => grantCovers(grant, call));
  }

  answerTo(workspaceId: string, { runId }: AttemptPlace, callId: string): Promise<Answer | undefined> {
    return this.work.answerTo(workspaceId, runId, callId);
  }

  wait(attempt: ReadyAttempt, callId: string): Promise<void> {
    return this.work.waits(attempt, callId);
  }

  goOn(attempt: ReadyAttempt): Promise<void> {
    return this.work.goesOn(attempt);
  }

  async #bookOf(workspaceId: string): Promise<Book> {
    const known = this.#books.get(workspaceId);
    const book: Book = { next: known?.next ?? 0, grants: new Map(known?.grants) };
    const stream = { tenant: workspaceId, name: streamOf('grants', workspaceId) };
    for (;;) {
      const { events } = await this.store.readStream(stream, { from: book.next, limit: PAGE });
      for (const { type, metadata, data } of events) {
        note(book, { type, data: catalogue.upcast(type, metadata.schemaVersion, data) } as GrantEvent);
      }
      book.next += events.length;
      if (events.length < PAGE) break;
    }
    if (this.#books.size >= MOST_BOOKS) this.#books.clear();
    this.#books.set(workspaceId, book);
    return book;
  }
}

function note({ grants }: Book, event: GrantEvent): void {
  if (event.type === 'GrantMade') grants.set(event.data.grantId, event.data);
  else grants.delete(event.data.grantId);
}
