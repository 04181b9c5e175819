import { z } from 'zod';
import { channelKind, channelSettings, noticeRecipient, noticeTopic } from './approval.notifications.events.js';
import { defineCommand } from './define-command.js';
import { approvalDecision } from './values.js';

const channelId = z.string().max(100);

/** Adds a place where people are told things. Its secrets go into the vault and nowhere else. */
export const AddChannel = defineCommand({
  service: 'approval',
  name: 'AddChannel',
  input: z.strictObject({
    name: z.string().min(1).max(200),
    kind: channelKind,
    settings: channelSettings,
    about: z.array(noticeTopic).min(1),
    flows: z.array(z.string().max(100)).max(200).optional(),
    /** Of Slack: `botToken` and `signingSecret`. */
    secrets: z.record(z.string().max(100), z.string().max(2_000)),
  }),
  output: z.strictObject({
    channelId,
    /** Of a webhook: what its messages are signed with. It is told here and never again. */
    signingSecret: z.string().optional(),
  }),
  refusals: ['INVALID_CHANNEL'],
});

/** Pauses, resumes or removes a channel; repeated, it changes nothing. */
export const SteerChannel = defineCommand({
  service: 'approval',
  name: 'SteerChannel',
  input: z.strictObject({ channelId, verb: z.enum(['PAUSE', 'RESUME', 'REMOVE']) }),
  output: z.strictObject({ channelId }),
  refusals: ['CHANNEL_NOT_FOUND'],
});

/** Makes a new signing secret for a webhook. For the overlap its messages carry two signatures. */
export const RotateChannelSecret = defineCommand({
  service: 'approval',
  name: 'RotateChannelSecret',
  input: z.strictObject({ channelId, overlapMinutes: z.int().min(0).max(10_080) }),
  output: z.strictObject({ channelId, signingSecret: z.string() }),
  refusals: ['CHANNEL_NOT_FOUND', 'NO_SIGNING_SECRET'],
});

/** Sends a message that says it is a test, the way that all messages go. */
export const TestChannel = defineCommand({
  service: 'approval',
  name: 'TestChannel',
  input: z.strictObject({ channelId }),
  output: z.strictObject({ channelId, noticeIds: z.array(z.string()) }),
  refusals: ['CHANNEL_NOT_FOUND'],
});

/** What a button or a link stands for: one way to decide one request, as it was shown. */
const ticket = {
  requestId: z.string(),
  shownHash: z.string(),
  /** Left out: whoever holds it chooses. */
  decision: approvalDecision.optional(),
  answer: z.string().optional(),
};

/** Checks that a click came from Slack, and says what it means and who clicked. Decides nothing. */
export const ReadSlackClick = defineCommand({
  service: 'approval',
  name: 'ReadSlackClick',
  input: z.strictObject({
    channelId,
    timestamp: z.string().max(20),
    signature: z.string().max(200),
    /** The body as it came, to the byte. */
    body: z.string().max(200_000),
  }),
  output: z.strictObject({
    ...ticket,
    slackUser: z.string(),
    /** By the mapping of the channel. */
    memberId: z.string().optional(),
    /** As Slack knows it. */
    email: z.string().optional(),
  }),
  refusals: ['BAD_SIGNATURE', 'STALE_TIMESTAMP', 'UNKNOWN_BUTTON', 'SLACK_UNAVAILABLE'],
});

/** Tells somebody in Slack something that nobody else there sees. */
export const TellInSlack = defineCommand({
  service: 'approval',
  name: 'TellInSlack',
  input: z.strictObject({ channelId, slackUser: z.string().max(40), text: z.string().max(3_000) }),
  output: z.strictObject({ told: z.boolean() }),
  refusals: ['CHANNEL_NOT_FOUND'],
});

/** Says what a link of a letter stands for, and whom it was sent to. Decides nothing. */
export const ReadMailTicket = defineCommand({
  service: 'approval',
  name: 'ReadMailTicket',
  input: z.strictObject({ channelId, ticket: z.string().max(4_000) }),
  output: z.strictObject({ ...ticket, to: noticeRecipient }),
  refusals: ['UNKNOWN_LINK', 'LINK_EXPIRED'],
});
