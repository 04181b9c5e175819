import type { EventOf } from '@runledger/kernel';
import { z } from 'zod';
import { defineEvent } from './define-event.js';
import { actorSchema, stepKey, timestamp } from './values.js';

const channelId = z.string();
const noticeId = z.string();

/** Where people are told things: a channel of Slack, mailboxes, an address that is posted to. */
export const channelKind = z.enum(['SLACK', 'EMAIL', 'WEBHOOK']);
export type ChannelKind = z.infer<typeof channelKind>;

/** What a channel can be told about: requests of each kind, runs that stopped, budgets that run out. */
export const noticeTopic = z.enum(['GATE', 'PROMPT', 'QUESTION', 'RUN_FAILED', 'RUN_BLOCKED', 'BUDGET']);
export type NoticeTopic = z.infer<typeof noticeTopic>;

/** How a channel is reached, without anything secret. */
export const channelSettings = z.strictObject({
  /** Of Slack: `C…`, `G…` or `D…`. */
  slackChannel: z
    .string()
    .regex(/^[CGD][A-Z0-9]{2,30}$/, 'the id of a channel, as C0123456789')
    .optional(),
  /** Members by their user id in Slack, where their e-mail address there is not the one here. */
  slackPeople: z.record(z.string().regex(/^[UW][A-Z0-9]{2,30}$/), z.string().max(100)).optional(),
  /** Of mail: mailboxes of teams. People are named by their member id, so that they can be forgotten. */
  addresses: z.array(z.string().max(320)).max(50).optional(),
  members: z.array(z.string().max(100)).max(100).optional(),
  /** Of mail: whether whoever may decide is written to as well. */
  approvers: z.boolean().optional(),
  /** Of webhooks. */
  url: z.string().max(2_000).optional(),
});
export type ChannelSettings = z.infer<typeof channelSettings>;

/** From now on people are told of things here. Its secrets are in the vault of the approval service. Stream `channels-<workspace key>`. */
export const ChannelAdded = defineEvent({
  type: 'ChannelAdded',
  version: 1,
  schema: z.strictObject({
    channelId,
    name: z.string(),
    kind: channelKind,
    settings: channelSettings,
    about: z.array(noticeTopic),
    /** Slugs of flows; left out: of every flow. */
    flows: z.array(z.string()).optional(),
    by: actorSchema,
    addedAt: timestamp,
  }),
});

/** Nothing is told there until it is resumed. What happens meanwhile is not told later. */
export const ChannelPaused = defineEvent({
  type: 'ChannelPaused',
  version: 1,
  schema: z.strictObject({ channelId, by: actorSchema, pausedAt: timestamp }),
});

/** The channel is told of things again. */
export const ChannelResumed = defineEvent({
  type: 'ChannelResumed',
  version: 1,
  schema: z.strictObject({ channelId, by: actorSchema, resumedAt: timestamp }),
});

/** The signing secret of a webhook was made anew; messages carry a signature of the one before it as well until then. */
export const ChannelSecretRotated = defineEvent({
  type: 'ChannelSecretRotated',
  version: 1,
  schema: z.strictObject({
    channelId,
    /** The command that asked for it: tells two of one moment apart. */
    rotationId: z.string().optional(),
    previousUntil: timestamp,
    by: actorSchema,
    rotatedAt: timestamp,
  }),
});

/** Its secrets are destroyed: buttons and links that were sent there are worth nothing any more. Final. */
export const ChannelRemoved = defineEvent({
  type: 'ChannelRemoved',
  version: 1,
  schema: z.strictObject({ channelId, by: actorSchema, removedAt: timestamp }),
});

/** What a notice says has happened. */
export const noticeNews = z.enum([
  'REQUESTED',
  'CHANGED',
  'VOTED',
  'ESCALATED',
  'DECIDED',
  'WITHDRAWN',
  'RUN_FAILED',
  'RUN_BLOCKED',
  'BUDGET_THRESHOLD',
  'TEST',
]);
export type NoticeNews = z.infer<typeof noticeNews>;

/** Why a notice could not be handed over. Never a secret, and never what was to be said. */
const noticeError = z.strictObject({ code: z.string(), message: z.string() });
export type NoticeError = z.infer<typeof noticeError>;

/** Who a letter is to: a member, by id, or a mailbox of a team. */
export const noticeRecipient = z.union([
  z.strictObject({ memberId: z.string() }),
  z.strictObject({ address: z.string() }),
]);
export type NoticeRecipient = z.infer<typeof noticeRecipient>;

/** Something is to be told to a channel. What is told is read from the event that it is about. Stream `notice-<key>`. */
export const NoticeQueued = defineEvent({
  type: 'NoticeQueued',
  version: 1,
  schema: z.strictObject({
    noticeId,
    channelId,
    kind: channelKind,
    news: noticeNews,
    to: noticeRecipient.optional(),
    requestId: z.string().optional(),
    runId: z.string().optional(),
    step: stepKey.optional(),
    /** Where the event stands that is told of; left out: a test. */
    source: z.strictObject({ stream: z.string(), revision: z.int().nonnegative() }).optional(),
    queuedAt: timestamp,
  }),
});

/** It could not be handed over this time; it is tried again then. */
export const NoticePutOff = defineEvent({
  type: 'NoticePutOff',
  version: 1,
  schema: z.strictObject({
    noticeId,
    channelId,
    attempt: z.int().positive(),
    error: noticeError,
    nextTryAt: timestamp,
    putOffAt: timestamp,
  }),
});

/** The time of its next try has come. */
export const NoticeDue = defineEvent({
  type: 'NoticeDue',
  version: 1,
  schema: z.strictObject({ noticeId, channelId, attempt: z.int().positive(), dueAt: timestamp }),
});

/** It was taken. Final. */
export const NoticeDelivered = defineEvent({
  type: 'NoticeDelivered',
  version: 1,
  schema: z.strictObject({
    noticeId,
    channelId,
    attempt: z.int().positive(),
    /** What the other side calls the message: of Slack its `ts`, of mail its Message-ID. */
    reference: z.string().optional(),
    deliveredAt: timestamp,
  }),
});

/** Nobody needs to be told any more: the request was decided meanwhile, or the channel was removed. Final. */
export const NoticeDropped = defineEvent({
  type: 'NoticeDropped',
  version: 1,
  schema: z.strictObject({ noticeId, channelId, reason: z.string(), droppedAt: timestamp }),
});

/** It was tried as often as it may be, or the other side will never take it. Final. */
export const NoticeFailed = defineEvent({
  type: 'NoticeFailed',
  version: 1,
  schema: z.strictObject({
    noticeId,
    channelId,
    attempt: z.int().positive(),
    error: noticeError,
    failedAt: timestamp,
  }),
});

export const channelEvents = [
  ChannelAdded,
  ChannelPaused,
  ChannelResumed,
  ChannelSecretRotated,
  ChannelRemoved,
] as const;
export type ChannelEvent = EventOf<typeof channelEvents>;
export const noticeEvents = [
  NoticeQueued,
  NoticePutOff,
  NoticeDue,
  NoticeDelivered,
  NoticeDropped,
  NoticeFailed,
] as const;
export type NoticeEvent = EventOf<typeof noticeEvents>;
