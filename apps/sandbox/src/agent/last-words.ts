import { outputMissing, outputUnfit } from '../attempt/output-contract.js';
import type { StepResult, StepRun } from '../attempt/step-run.js';
import { finished, silent } from './agent-results.js';
import { sentBackWith } from './structured-answer.js';
import type { StructuredAnswer } from './structured-answer.js';

export interface LastWords {
  readonly turn: number;
  readonly text: string;
  /** The last words that were any. */
  readonly said: string;
  readonly finishReason: string;
  /** Nothing was done before them; left out: nobody knows. */
  readonly first?: boolean;
}

/** What an agent whose output does not fit is told next. */
export interface SentBack {
  readonly role: 'user';
  readonly content: string;
}

interface Judged {
  readonly run: StepRun;
  /** Only when the flow declares what the output looks like. */
  readonly answer: StructuredAnswer | undefined;
}

/** How the step ends, or what the agent is told whose output does not fit. The same after a restart: nothing else decides. */
export function endOrSendBack({ run, answer }: Judged, last: LastWords): StepResult | SentBack {
  const { turn, said, finishReason, first = false } = last;
  if (first && said.trim() === '' && finishReason !== 'length') return silent();
  const end = finished(turn, said, finishReason);
  if (!answer || end.outcome !== 'SUCCESS') return end;
  const verdict = answer.judge(last.text);
  switch (verdict.kind) {
    case 'absent':
      return { ...end, outcome: 'PARTIAL', error: outputMissing() };
    case 'fits':
      return { ...finished(turn, verdict.said, finishReason), output: verdict.output };
    case 'unfit': {
      const { problems } = verdict;
      if (!answer.passesLeft) return { ...end, outcome: 'ERROR', error: outputUnfit(problems) };
      answer.sentBack += 1;
      noteOnce(run, `output.${turn}`, `The output does not fit and goes back to the agent: ${problems.join('; ')}.`);
      return { role: 'user', content: sentBackWith(problems) };
    }
  }
}

/** Whoever resumes the attempt judges the same words again (R1). */
function noteOnce({ transcript, history }: StepRun, key: string, text: string): void {
  if (history.entryIds.has(`${transcript.place.attemptId}/${key}`)) return;
  transcript.note('InfoRecorded', key, text);
}
