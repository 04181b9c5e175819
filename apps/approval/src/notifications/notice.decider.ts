import {
  NoticeDelivered,
  NoticeDropped,
  NoticeDue,
  noticeEvents,
  NoticeFailed,
  NoticePutOff,
  NoticeQueued,
} from '@runledger/contracts';
import type { NoticeError, NoticeEvent } from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';

export type Queued = ReturnType<typeof NoticeQueued>['data'];

/** What came of a try. `final`: the other side will never take it; `nextTryAt`: when it wants to be asked again, at the earliest. */
export type TryOutcome =
  | { readonly kind: 'delivered'; readonly reference?: string }
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: NoticeError; readonly final: boolean; readonly nextTryAt: string };

export type NoticeCommand =
  | { readonly type: 'Queue'; readonly data: Queued }
  | { readonly type: 'Tried'; readonly attempt: number; readonly outcome: TryOutcome; readonly at: string }
  | { readonly type: 'ComeDue'; readonly attempt: number; readonly at: string };

export type NoticeState =
  | { readonly status: 'absent' }
  | {
      readonly status: 'waiting';
      readonly notice: Queued;
      /** The number of the try that is next, or under way. */
      readonly attempt: number;
      /** Since when that one may be made; undefined: not yet. */
      readonly isDue: boolean;
    }
  | {
      readonly status: 'delivered' | 'dropped' | 'failed';
      readonly notice: Queued;
      readonly reference?: string | undefined;
    };

/** After so many tries it is failed: with the pauses between them that is about a day. */
export const MOST_TRIES = 10;

/**
 * One thing that is to be told to one channel. It is told at least once, each time under the same id; whoever tries says which
 * try it was, so that what came of a try counts once (R1).
 */
export const notice: Decider<NoticeCommand, NoticeState, NoticeEvent, Rejection<never>> = {
  category: 'notice',
  events: noticeEvents,
  initialState: () => ({ status: 'absent' }),
  evolve: (state, event) => {
    if (event.type === 'NoticeQueued') return { status: 'waiting', notice: event.data, attempt: 1, isDue: true };
    if (state.status !== 'waiting') return state;
    switch (event.type) {
      case 'NoticePutOff':
        return { ...state, attempt: event.data.attempt + 1, isDue: false };
      case 'NoticeDue':
        return { ...state, isDue: true };
      case 'NoticeDelivered':
        return { status: 'delivered', notice: state.notice, reference: event.data.reference };
      case 'NoticeDropped':
        return { status: 'dropped', notice: state.notice };
      case 'NoticeFailed':
        return { status: 'failed', notice: state.notice };
    }
  },
  decide: (command, state) => {
    if (command.type === 'Queue') return state.status === 'absent' ? [NoticeQueued(command.data)] : [];
    if (state.status !== 'waiting' || command.attempt !== state.attempt) return [];
    const { noticeId, channelId } = state.notice;
    const { attempt, at } = command;
    if (command.type === 'ComeDue') return state.isDue ? [] : [NoticeDue({ noticeId, channelId, attempt, dueAt: at })];
    return [afterTry(state.notice, command)];
  },
};

function afterTry(
  { noticeId, channelId }: Queued,
  { attempt, outcome, at }: Extract<NoticeCommand, { type: 'Tried' }>,
): NoticeEvent {
  const place = { noticeId, channelId };
  switch (outcome.kind) {
    case 'delivered': {
      const { reference } = outcome;
      return NoticeDelivered({ ...place, attempt, ...(reference === undefined ? {} : { reference }), deliveredAt: at });
    }
    case 'dropped':
      return NoticeDropped({ ...place, reason: outcome.reason, droppedAt: at });
    case 'failed': {
      const { error, final, nextTryAt } = outcome;
      if (final || attempt >= MOST_TRIES) return NoticeFailed({ ...place, attempt, error, failedAt: at });
      return NoticePutOff({ ...place, attempt, error, nextTryAt, putOffAt: at });
    }
  }
}
