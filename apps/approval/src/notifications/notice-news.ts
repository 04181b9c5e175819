import type { ApprovalKind, ChannelKind, NoticeNews, NoticeTopic } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';

/** Events that people may want to be told of, and what they say. */
export const NEWS: Readonly<Record<string, NoticeNews>> = {
  ApprovalRequested: 'REQUESTED',
  ApprovalShownChanged: 'CHANGED',
  ApprovalVoted: 'VOTED',
  ApprovalEscalated: 'ESCALATED',
  ApprovalDecided: 'DECIDED',
  ApprovalWithdrawn: 'WITHDRAWN',
  RunFailed: 'RUN_FAILED',
  StepBlocked: 'RUN_BLOCKED',
  BudgetThresholdReached: 'BUDGET_THRESHOLD',
};

export const TOPIC_OF_KIND: Readonly<Record<ApprovalKind, NoticeTopic>> = {
  gate: 'GATE',
  permission: 'PROMPT',
  question: 'QUESTION',
};

/** Where an event belongs, as far as it says so. */
export interface NewsPlace {
  readonly requestId?: string;
  readonly runId?: string;
  readonly step?: string;
}

export function placeOf({ data }: RecordedEvent): NewsPlace {
  const { requestId, runId, step } = data as NewsPlace;
  return {
    ...(requestId !== undefined && { requestId }),
    ...(runId !== undefined && { runId }),
    ...(step !== undefined && { step }),
  };
}

/**
 * Whether a channel of this kind says anything about it: webhooks are told everything; in Slack what follows changes the message
 * that there is; letters are written when somebody has to do something.
 */
export function saysSomething(kind: ChannelKind, news: NoticeNews): boolean {
  return kind !== 'EMAIL' || !['VOTED', 'DECIDED', 'WITHDRAWN'].includes(news);
}

/** News of a request after the first: in Slack they change the message that told of it. */
export function followsRequest(news: NoticeNews): boolean {
  return ['CHANGED', 'VOTED', 'ESCALATED', 'DECIDED', 'WITHDRAWN'].includes(news);
}
