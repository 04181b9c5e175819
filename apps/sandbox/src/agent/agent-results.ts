import type { StepError } from '@runledger/contracts';
import type { ModelMessage } from '@ai-sdk/provider-utils';
import { CANCELLED, timedOut } from '../attempt/step-run.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { headOf } from '../attempt/storable-text.js';

const SUMMARY_CHARS = 4_000;

export function finished(turns: number, said: string, finishReason: string): StepResult {
  const summary = said === '' ? {} : { summary: headOf(said.trim(), SUMMARY_CHARS) };
  if (finishReason !== 'length') return { outcome: 'SUCCESS', turns, ...summary };
  const error: StepError = {
    code: 'max_output_tokens',
    message: 'The model stopped at the limit of its output.',
    fix: 'Raise maxOutputTokens of the step.',
  };
  return { outcome: 'PARTIAL', turns, error, ...summary };
}

/** Its only answer had neither a word nor a call: nobody should take that for work that is done. */
export function silent(): StepResult {
  const error: StepError = {
    code: 'NO_ANSWER',
    message: 'The model answered without saying or doing anything.',
    fix: 'Look at the prompt, and whether the model is fit for tools; then retry the step.',
  };
  return { outcome: 'PARTIAL', turns: 1, error };
}

export function outOfTurns(turns: number, said: string): StepResult {
  const error: StepError = {
    code: 'max_turns',
    message: `The agent was not done after ${turns} turns.`,
    fix: 'Raise maxTurns of the step, or give it less to do.',
  };
  return { outcome: 'PARTIAL', turns, error, ...(said === '' ? {} : { summary: headOf(said.trim(), SUMMARY_CHARS) }) };
}

export function stopped(run: StepRun, turns: number): StepResult {
  run.stop.throwIfLeft();
  const error = run.stop.cause === 'timeout' ? timedOut(run.attempt.ready.timeoutMs) : CANCELLED;
  return { outcome: 'ERROR', turns, error };
}

export function textOf(messages: readonly ModelMessage[]): string {
  return messages.map(({ content }) => (typeof content === 'string' ? content : textParts(content))).join('');
}

function textParts(content: Exclude<ModelMessage['content'], string>): string {
  return content.map(part => (part.type === 'text' ? part.text : '')).join('');
}
