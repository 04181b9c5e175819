import {
  ChannelAdded,
  channelEvents,
  ChannelPaused,
  ChannelRemoved,
  ChannelResumed,
  ChannelSecretRotated,
} from '@runledger/contracts';
import type { ChannelEvent } from '@runledger/contracts';
import { reject } from '@runledger/kernel';
import type { Decider, Problem, Rejection } from '@runledger/kernel';

export type Added = ReturnType<typeof ChannelAdded>['data'];
export type Rotated = ReturnType<typeof ChannelSecretRotated>['data'];

/** A place where people are told things; a removed one is kept as `removed`, so that removing it again changes nothing. */
export interface Channel extends Added {
  readonly state: 'open' | 'paused' | 'removed';
  /** How its signing secret was rotated last, if it was. */
  readonly rotated?: Rotated;
}

export type ChannelCommand =
  | { readonly type: 'Add'; readonly data: Added; readonly problems: readonly Problem[] }
  | { readonly type: 'Pause'; readonly data: ReturnType<typeof ChannelPaused>['data'] }
  | { readonly type: 'Resume'; readonly data: ReturnType<typeof ChannelResumed>['data'] }
  | { readonly type: 'RotateSecret'; readonly data: Rotated }
  | { readonly type: 'Remove'; readonly data: ReturnType<typeof ChannelRemoved>['data'] };

/** The channels of one workspace by id, the oldest first. */
export type ChannelBook = ReadonlyMap<string, Channel>;

export type ChannelRefusal = Rejection<'INVALID_CHANNEL' | 'CHANNEL_NOT_FOUND' | 'NO_SIGNING_SECRET'>;

const MOST_CHANNELS = 100;

/** Where the people of one workspace are told things. Knows nothing of secrets. */
export const channels: Decider<ChannelCommand, ChannelBook, ChannelEvent, ChannelRefusal> = {
  category: 'channels',
  events: channelEvents,
  initialState: () => new Map(),
  evolve: (book, event) => {
    if (event.type === 'ChannelAdded') return new Map(book).set(event.data.channelId, { ...event.data, state: 'open' });
    const known = book.get(event.data.channelId);
    if (!known) return book;
    const rotated = event.type === 'ChannelSecretRotated' ? { rotated: event.data } : {};
    return new Map(book).set(known.channelId, { ...known, ...rotated, state: stateAfter(event, known) });
  },
  decide: (command, book) => {
    if (command.type === 'Add') return add(command, book);
    const { channelId } = command.data;
    const known = book.get(channelId);
    if (!known) return unknownChannel(channelId);
    if (command.type === 'Remove') return known.state === 'removed' ? [] : [ChannelRemoved(command.data)];
    return known.state === 'removed' ? unknownChannel(channelId) : steer(command, known);
  },
};

function stateAfter({ type }: Exclude<ChannelEvent, { type: 'ChannelAdded' }>, known: Channel): Channel['state'] {
  switch (type) {
    case 'ChannelPaused':
      return 'paused';
    case 'ChannelResumed':
      return 'open';
    case 'ChannelSecretRotated':
      return known.state;
    case 'ChannelRemoved':
      return 'removed';
  }
}

function add(
  { data, problems }: Extract<ChannelCommand, { type: 'Add' }>,
  book: ChannelBook,
): ChannelEvent[] | ChannelRefusal {
  const [first] = problems;
  if (first) {
    const fix = first.fix === undefined ? {} : { fix: first.fix };
    return reject('INVALID_CHANNEL', first.message, { ...fix, details: [...problems] });
  }
  if ([...book.values()].filter(({ state }) => state !== 'removed').length >= MOST_CHANNELS) {
    const fix = 'Remove one that nobody reads.';
    return reject('INVALID_CHANNEL', `The workspace has ${MOST_CHANNELS} channels already.`, { fix });
  }
  return book.has(data.channelId) ? [] : [ChannelAdded(data)];
}

function steer(
  command: Exclude<ChannelCommand, { type: 'Add' | 'Remove' }>,
  known: Channel,
): ChannelEvent[] | ChannelRefusal {
  switch (command.type) {
    case 'Pause':
      return known.state === 'paused' ? [] : [ChannelPaused(command.data)];
    case 'Resume':
      return known.state === 'open' ? [] : [ChannelResumed(command.data)];
    case 'RotateSecret':
      return known.kind === 'WEBHOOK' ? [ChannelSecretRotated(command.data)] : nothingToRotate();
  }
}

export function unknownChannel(channelId: string) {
  return reject('CHANNEL_NOT_FOUND', `There is no channel ${channelId} in this workspace.`, {
    fix: 'Take the id from the list of channels.',
  });
}

function nothingToRotate(): ChannelRefusal {
  return reject('NO_SIGNING_SECRET', 'Only messages to webhooks are signed with a secret of ours.', {
    fix: 'For Slack, add the channel anew with the new token and signing secret, and remove this one.',
  });
}
