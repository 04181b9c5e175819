import type { IntegrationKind } from './integration-kinds.js';
import type { IntegrationEvent } from './sandbox.integrations.events.js';

/** An integration as its stream says. The values of `secrets` are in the vault. */
export interface KnownIntegration {
  readonly name: string;
  readonly kind: IntegrationKind;
  readonly settings: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly connectedAt: string;
  /** Why it did not work the last time it was used. */
  readonly failure?: { readonly code: string; readonly message: string; readonly at: string };
}

/** The integrations of one workspace by name, the one connected first first. */
export type IntegrationBook = ReadonlyMap<string, KnownIntegration>;

/** The book after one event more. */
export function afterIntegrationEvent(book: IntegrationBook, event: IntegrationEvent): IntegrationBook {
  const next = new Map(book);
  const { name } = event.data;
  const known = next.get(name);
  switch (event.type) {
    case 'IntegrationConnected': {
      const { kind, settings, secrets, connectedAt } = event.data;
      return next.set(name, { name, kind, settings, secrets, connectedAt });
    }
    case 'IntegrationDisconnected':
      next.delete(name);
      return next;
    case 'IntegrationFailed': {
      const { code, message, failedAt } = event.data;
      return known ? next.set(name, { ...known, failure: { code, message, at: failedAt } }) : book;
    }
    case 'IntegrationRecovered': {
      if (!known) return book;
      const { failure: _past, ...working } = known;
      return next.set(name, working);
    }
  }
}

/**
 * The integration that work of a kind uses: the one that it names; else the one that is called like its kind, else the one
 * that was connected first. Undefined when there is none.
 */
export function integrationFor(
  book: IntegrationBook,
  kind: IntegrationKind,
  name?: string,
): KnownIntegration | undefined {
  const chosen = book.get(name ?? kind);
  if (chosen?.kind === kind) return chosen;
  return name === undefined ? [...book.values()].find(known => known.kind === kind) : undefined;
}
