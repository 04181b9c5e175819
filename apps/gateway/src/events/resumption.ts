import type { Position } from '@runledger/event-store';
import { positionText } from '../graph/position-text.js';

/** Why a cursor does not count, in the words of the schema. */
export type CursorExpiry = 'AHEAD_OF_LOG' | 'ANOTHER_LOG' | 'BEFORE_OLDEST' | 'UNREADABLE';

/** The one item of a subscription that cannot go on behind its cursor. */
export interface CursorExpired {
  readonly __typename: 'CursorExpired';
  readonly oldest: string;
  readonly reason: CursorExpiry;
  readonly message: string;
}

/** Where a subscription goes on, or that it cannot. */
export type Resumption =
  { readonly status: 'going'; readonly from: Position } | { readonly status: 'expired'; readonly item: CursorExpired };

const MESSAGES: Record<CursorExpiry, string> = {
  AHEAD_OF_LOG: 'The log ends before this cursor: the platform was restored to an earlier state.',
  ANOTHER_LOG: 'This cursor is of another log than the one that is behind this platform now.',
  BEFORE_OLDEST: 'What lies behind this cursor cannot be read any more.',
  UNREADABLE: 'This is no cursor of a subscription.',
};

export function expired(reason: CursorExpiry, oldest: Position): Resumption {
  const item = { reason, oldest: positionText(oldest), message: `${MESSAGES[reason]} Begin again without a cursor.` };
  return { status: 'expired', item: { __typename: 'CursorExpired', ...item } };
}

/** A subscription that has nothing but this to say. */
export async function* only<Item>(item: Item): AsyncGenerator<Item, undefined> {
  yield await Promise.resolve(item);
}
