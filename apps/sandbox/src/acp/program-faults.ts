import type { StepError } from '@runledger/contracts';
import type { ExecResult } from '../driver/sandbox-driver.js';
import { failureOf } from '../attempt/tool-call.js';

/** A command-line agent cannot go on. Ends its attempt: blocked where people can put it right, else with an error. */
export class ProgramFault extends Error {
  constructor(
    readonly outcome: 'BLOCKED' | 'ERROR',
    readonly reason: StepError,
  ) {
    super(reason.message);
    this.name = 'ProgramFault';
  }
}

/** Of JSON-RPC, as the Agent Client Protocol uses it. */
const AUTH_REQUIRED = -32_000;
const REFUSED =
  /not (logged in|signed in|authenticated)|invalid (api|x-api)[- ]key|authentication_error|unauthori[sz]ed|\b401\b/i;
const QUOTA = /insufficient_quota|credit balance is too low|usage limit|exceeded your current quota/i;

/** The error of an answer, as the library throws it. */
export interface AnsweredError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export function isAnswered(error: unknown): error is Error & AnsweredError {
  return error instanceof Error && typeof (error as Partial<AnsweredError>).code === 'number';
}

export function wantsSignIn(error: unknown): boolean {
  return isAnswered(error) && error.code === AUTH_REQUIRED;
}

/** What an answer of the program means that is an error. */
export function faultOf(title: string, needs: string, error: AnsweredError): ProgramFault {
  const said = `${error.message} ${textOf(error.data)}`.trim();
  if (error.code === AUTH_REQUIRED || REFUSED.test(said)) return refusedCredential(title, needs, said);
  if (QUOTA.test(said)) {
    const message = `${title} has no quota or credit left: ${brief(said)}`;
    return new ProgramFault('BLOCKED', {
      code: 'quota',
      message,
      fix: 'Add credit or quota, then resume the run.',
      needs,
    });
  }
  return new ProgramFault('ERROR', { code: 'AGENT_FAILED', message: `${title} gave up: ${brief(said)}` });
}

function refusedCredential(title: string, needs: string, said: string): ProgramFault {
  const message = `${title} is not signed in, or its credential was refused: ${brief(said)}`;
  const fix = 'Connect the integration again with a valid credential: the run goes on by itself.';
  return new ProgramFault('BLOCKED', { code: 'auth', message, fix, needs });
}

const NOT_THERE = [126, 127];

/** What it means that the program has ended while it was needed. */
export function endedEarly(title: string, program: string, { result, complaint }: ProgramEnd): ProgramFault {
  const said = complaint === '' ? '' : ` It said: ${brief(complaint)}`;
  if (result && (NOT_THERE.includes(result.exitCode) || result.notStarted)) {
    const message = `${title} cannot be started: there is no program ${program} in the sandbox.${said}`;
    const fix = `Install ${program} where the sandbox profile finds it, or name another command in the integration.`;
    return new ProgramFault('BLOCKED', { code: 'ENVIRONMENT', message, fix });
  }
  const stopped = result && result.why !== 'exit' ? failureOf(result, 0, '') : undefined;
  if (stopped) return new ProgramFault('ERROR', stopped);
  const how = result ? `with exit code ${result.exitCode}` : 'before it began';
  const message = `${title} ended in the middle of its work, ${how}.${said}`;
  return new ProgramFault('ERROR', { code: 'AGENT_ENDED', message, fix: 'Retry the step.' });
}

export interface ProgramEnd {
  /** Left out: it was never started. */
  readonly result?: (ExecResult & { readonly notStarted?: boolean }) | undefined;
  /** What it said last on its standard error. */
  readonly complaint: string;
}

export function tooSlow(title: string, what: string, ms: number, complaint: string): ProgramFault {
  const said = complaint === '' ? '' : ` It said: ${brief(complaint)}`;
  const message = `${title} did not answer ${what} within ${Math.round(ms / 1_000)} s.${said}`;
  return new ProgramFault('ERROR', {
    code: 'AGENT_SILENT',
    message,
    fix: 'Check the command of the integration, then retry.',
  });
}

/** Nobody can say what it has done already, so that it is not simply begun again. */
export function sessionLost(title: string, why: string): ProgramFault {
  const message = `${title} was interrupted in the middle of its work and cannot go on: ${why}. What it has done so far is in the workspace.`;
  const fix = 'Look at the transcript and the files, then retry the step.';
  return new ProgramFault('ERROR', { code: 'AGENT_SESSION_LOST', message, fix });
}

export function cannotAsk(title: string, mode: string): ProgramFault {
  const message = `${title} has no mode ${mode}, in which it asks before it acts.`;
  const fix = 'Bring a version of it that has one, or let the step run without asking (permissions: ALLOW).';
  return new ProgramFault('BLOCKED', { code: 'ENVIRONMENT', message, fix });
}

export function noSuchModel(title: string, model: string, offered: readonly string[]): ProgramFault {
  const message = `${title} has no model ${model}; it offers ${offered.join(', ')}.`;
  const fix = 'Name one of these in the flow, or `default`.';
  return new ProgramFault('ERROR', { code: 'MODEL_NOT_OFFERED', message, fix });
}

function textOf(data: unknown): string {
  if (data === undefined || data === null) return '';
  return typeof data === 'string' ? data : JSON.stringify(data);
}

function brief(text: string): string {
  return text.length > 800 ? `${text.slice(0, 800)}…` : text;
}
