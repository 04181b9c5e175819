import { actorNode } from '../graph/nodes.js';
import type { ChannelView, NoticeView } from './notifications.projection.js';

export function channelNode(view: ChannelView) {
  const { channelId, name, kind, state, about, flows, settings, by, addedAt, previousUntil } = view;
  const { slackChannel, slackPeople = {}, addresses = [], members = [], approvers = false, url } = settings;
  return {
    __typename: 'NotificationChannel' as const,
    ...{ id: channelId, name, kind, state, about, addresses, members, approvers, addedAt },
    flows: flows ?? null,
    slackChannel: slackChannel ?? null,
    slackPeople: Object.entries(slackPeople).map(([slackUser, memberId]) => ({ slackUser, memberId })),
    url: url ?? null,
    addedBy: actorNode(by),
    previousSecretUntil: previousUntil ?? null,
  };
}

export type NotificationNode = ReturnType<typeof notificationNode>;

export function notificationNode(view: NoticeView) {
  const { noticeId, channelId, kind, news, to, requestId, runId, state, attempts, queuedAt } = view;
  const recipient = to && ('memberId' in to ? to.memberId : to.address);
  return {
    ...{ id: noticeId, channelId, kind, news, state, attempts, queuedAt },
    recipient: recipient ?? null,
    requestId: requestId ?? null,
    runId: runId ?? null,
    lastError: view.lastError ?? null,
    nextTryAt: view.nextTryAt ?? null,
    endedAt: view.endedAt ?? null,
  };
}
