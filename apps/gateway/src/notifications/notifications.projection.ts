import {
  channelEvents,
  noticeEvents,
  type ChannelAdded,
  type ChannelEvent,
  type NoticeError,
  type NoticeEvent,
  type NoticeQueued,
} from '@runledger/contracts';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

type Added = ReturnType<typeof ChannelAdded>['data'];
type Queued = ReturnType<typeof NoticeQueued>['data'];

export interface ChannelView extends Added {
  readonly workspaceId: string;
  readonly state: 'OPEN' | 'PAUSED';
  /** Until when messages carry a signature of the secret before as well. */
  readonly previousUntil?: string;
}

/** Where people of each workspace are told things. Run whole: each change is a correlation of its own. */
export const notificationChannelsProjection = defineView<ChannelView, ChannelEvent>({
  name: 'notification-channels',
  version: 1,
  table: 'notification_channels',
  types: channelEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.channelId),
  evolve: (view, event) => {
    switch (event.type) {
      case 'ChannelAdded':
        return { ...event.data, workspaceId: event.tenant, state: 'OPEN' };
      case 'ChannelPaused':
        return view && { ...view, state: 'PAUSED' };
      case 'ChannelResumed':
        return view && { ...view, state: 'OPEN' };
      case 'ChannelSecretRotated':
        return view && { ...view, previousUntil: event.data.previousUntil };
      case 'ChannelRemoved':
        return undefined;
    }
  },
  columns: view => ({ workspace_id: view.workspaceId, channel_id: view.channelId, added_at: view.addedAt }),
});

export interface NoticeView extends Queued {
  readonly workspaceId: string;
  readonly state: 'WAITING' | 'DELIVERED' | 'DROPPED' | 'FAILED';
  readonly attempts: number;
  readonly lastError?: NoticeError;
  readonly nextTryAt?: string;
  readonly endedAt?: string;
  /** Where it was queued: messages are listed in this order. */
  readonly position: string;
}

/** What was told, or is to be told, to channels. */
export const notificationsProjection = defineView<NoticeView, NoticeEvent>({
  name: 'notifications',
  version: 1,
  table: 'notifications',
  types: noticeEvents.map(event => event.type),
  key: event => keyIn(event.tenant, event.data.noticeId),
  evolve: (view, event) => {
    if (event.type !== 'NoticeQueued') return view && { ...withoutNextTry(view), ...afterwards(event) };
    const position = event.position.toString();
    return view ?? { ...event.data, workspaceId: event.tenant, state: 'WAITING', attempts: 0, position };
  },
  columns: view => ({
    workspace_id: view.workspaceId,
    channel_id: view.channelId,
    run_id: view.runId ?? null,
    state: view.state,
    queued_at: view.position,
  }),
});

function withoutNextTry({ nextTryAt: _past, ...view }: NoticeView): NoticeView {
  return view;
}

function afterwards(event: Exclude<NoticeEvent, { type: 'NoticeQueued' }>): Partial<NoticeView> {
  switch (event.type) {
    case 'NoticePutOff': {
      const { attempt, error, nextTryAt } = event.data;
      return { attempts: attempt, lastError: error, nextTryAt };
    }
    case 'NoticeDue':
      return {};
    case 'NoticeDelivered':
      return { state: 'DELIVERED', attempts: event.data.attempt, endedAt: event.data.deliveredAt };
    case 'NoticeDropped': {
      const { reason, droppedAt } = event.data;
      return { state: 'DROPPED', lastError: { code: 'DROPPED', message: reason }, endedAt: droppedAt };
    }
    case 'NoticeFailed': {
      const { attempt, error, failedAt } = event.data;
      return { state: 'FAILED', attempts: attempt, lastError: error, endedAt: failedAt };
    }
  }
}
