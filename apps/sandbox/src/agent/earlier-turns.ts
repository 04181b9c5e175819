import type { ModelMessage } from '@ai-sdk/provider-utils';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { textOf } from './agent-results.js';
import { endOrSendBack } from './last-words.js';
import type { StructuredAnswer } from './structured-answer.js';

/** What earlier owners have come to. */
export interface Before {
  /** What the agent is told next, unless it is the first prompt. */
  readonly next?: string;
  readonly said: string;
}

/** What the prompts of earlier owners have come to, for an agent that is asked and answers. */
export function judged({
  run,
  answer,
}: {
  readonly run: StepRun;
  readonly answer: StructuredAnswer | undefined;
}): Before & { readonly end?: StepResult } {
  let before: Before = { said: '' };
  for (const { turn, messages, finishReason } of run.history.turns) {
    const text = textOf(messages as unknown as ModelMessage[]);
    const said = text === '' ? before.said : text;
    const end = endOrSendBack({ run, answer }, { turn, text, said, finishReason });
    if ('outcome' in end) return { end, said };
    before = { next: end.content, said };
  }
  return before;
}
