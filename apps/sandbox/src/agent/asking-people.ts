import { createHash } from 'node:crypto';
import { AnswerReceived, CallAutoResolved, PermissionRequested, QuestionAsked } from '@runledger/contracts';
import type { ApprovalDecision, Json } from '@runledger/contracts';
import { canonicalJson } from '@runledger/kernel';
import type { Answer } from '../attempt/heard-answers.js';
import { AwaitingPeopleError } from '../attempt/people.js';
import type { StepRun } from '../attempt/step-run.js';

/** For readers of the transcript. */
const WORDS: Partial<Record<ApprovalDecision, string>> = {
  ALLOW_ONCE: 'allowed it once.',
  ALLOW_RUN: 'allowed it in this run.',
  ALLOW_ALWAYS: 'allowed it from now on.',
  DENY: 'denied it.',
  ANSWER: 'answered.',
};

/** Whoever asks, and what else goes on meanwhile. */
export interface AskingRun extends Pick<StepRun, 'history' | 'transcript' | 'people' | 'attempt'> {
  /** Looks for an answer as long as there is a reason to stay; then throws {@link AwaitingPeopleError}. Left out: looks once. */
  readonly team?:
    { whileOthersWork<Found>(callId: string, look: () => Promise<Found | undefined>): Promise<Found> } | undefined;
}

export interface CallToAllow {
  readonly callId: string;
  readonly tool: string;
  /** Whole, as the agent gave them. */
  readonly input: Record<string, Json>;
  /** As the transcript keeps them. */
  readonly shown: Record<string, Json>;
}

/** Undefined: go ahead. Else why not, in words for the agent. */
export type Objection = string | undefined;

/**
 * Whether a call of a dangerous tool may go ahead. It was begun before, a grant covers it, or people have allowed it; where they
 * have not said anything yet, the attempt is left until they do (throws {@link AwaitingPeopleError}). A call is asked about
 * once, by its id, however often its attempt is taken up (R2).
 */
export async function objectionTo(run: AskingRun, call: CallToAllow): Promise<Objection> {
  const { history } = run;
  const { callId } = call;
  const begun = history.calls.get(callId);
  if (begun?.ended || history.autoResolved.has(callId)) return undefined;
  if (!history.asks.has(callId)) {
    if (begun || (await coveredByGrant(run, call))) return undefined;
    await askPermission(run, call);
  }
  const answer = await heard(run, callId);
  if (answer.decision !== 'DENY') return undefined;
  const who = answer.by.name ?? answer.by.id;
  return `${who} denied this call${answer.comment === undefined ? '.' : `: ${answer.comment}`}`;
}

export interface Question {
  readonly callId: string;
  readonly question: string;
  readonly choices?: readonly string[] | undefined;
}

/** What people answer. Asks once, and leaves the attempt until there is an answer. */
export async function answerOf(run: AskingRun, { callId, question, choices }: Question): Promise<string> {
  const { transcript, history } = run;
  if (!history.asks.has(callId)) {
    const asked = { ...transcript.place, callId, question, at: transcript.now() };
    transcript.note('InfoRecorded', `ask.${callId}`, `The agent asks people: ${question}`);
    transcript.add(QuestionAsked({ ...asked, ...(choices === undefined ? {} : { choices: [...choices] }) }));
    await transcript.flush();
  }
  const { answer } = await heard(run, callId);
  return typeof answer === 'string' ? answer : JSON.stringify(answer ?? null);
}

async function coveredByGrant(run: AskingRun, { callId, tool, input }: CallToAllow): Promise<boolean> {
  const { transcript, attempt, people } = run;
  const call = { runId: attempt.place.runId, tool, arguments: input, at: transcript.now() };
  const grant = await people.covering(attempt.workspaceId, call);
  if (!grant) return false;
  const { grantId, scope, by } = grant;
  const resolved = { ...transcript.place, callId, tool, grantId, scope, grantedBy: by, at: transcript.now() };
  transcript.add(CallAutoResolved(resolved));
  return true;
}

async function askPermission(run: AskingRun, { callId, tool, input, shown }: CallToAllow): Promise<void> {
  const { transcript } = run;
  const callHash = createHash('sha256')
    .update(canonicalJson({ tool, arguments: input }))
    .digest('hex');
  const asked = { ...transcript.place, callId, tool, arguments: shown, callHash, at: transcript.now() };
  transcript.note('InfoRecorded', `ask.${callId}`, `The agent asks whether it may call ${tool}.`);
  transcript.add(PermissionRequested(asked));
  await transcript.flush();
}

async function heard(run: AskingRun, callId: string): Promise<Answer> {
  const { transcript, history, people, attempt } = run;
  const known = history.asks.get(callId)?.answer;
  if (known) return known;
  const look = () => people.answerTo(attempt.workspaceId, attempt.place, callId);
  const answer = (await look()) ?? (await run.team?.whileOthersWork(callId, look));
  if (!answer) throw new AwaitingPeopleError(callId);
  transcript.add(AnswerReceived({ ...transcript.place, callId, ...answer, at: transcript.now() }));
  transcript.note(
    'InfoRecorded',
    `answer.${callId}`,
    `${answer.by.name ?? answer.by.id} ${WORDS[answer.decision] ?? 'decided.'}`,
  );
  return answer;
}
