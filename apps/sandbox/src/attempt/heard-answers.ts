import type { AnswerReceived } from '@runledger/contracts';

/** What people answered an agent. */
export type Answer = Pick<
  ReturnType<typeof AnswerReceived>['data'],
  'requestId' | 'decision' | 'by' | 'comment' | 'answer'
>;

export interface Heard {
  /** The calls that waited for it. */
  readonly callIds: readonly string[];
  readonly answer: Answer;
}
