import { APICallError, InvalidResponseDataError, JSONParseError, TypeValidationError } from '@ai-sdk/provider';
import { RedirectRefusedError } from '../http/http-faults.js';
import { complaintOf } from './stream-complaint.js';
import type { StreamComplaint } from './stream-complaint.js';

/** The failure vocabulary of model calls. */
export type ModelFaultCode =
  | 'auth'
  | 'quota'
  | 'rate_limited'
  | 'overloaded'
  | 'context_overflow'
  | 'connection_lost'
  | 'content_filter'
  | 'provider_refused';

export interface ModelFault {
  readonly code: ModelFaultCode;
  readonly message: string;
  readonly retryAfterMs?: number;
}

const CONTEXT = /prompt is too long|context[_ ]length|context window|maximum context|too many tokens/i;
const QUOTA =
  /insufficient_quota|billing_hard_limit|credit balance is too low|exceeded your current quota|usage_limit|spend(ing)? limit/i;

/** What an error of the adapter means. Texts of the provider are kept short and never carry a credential. */
export function modelFaultOf(error: unknown): ModelFault {
  if (APICallError.isInstance(error)) return ofStatus(error);
  if (InvalidResponseDataError.isInstance(error)) return lost('The answer of the provider broke off.');
  if (JSONParseError.isInstance(error) || TypeValidationError.isInstance(error)) {
    return lost('The provider answered something that nobody can read.');
  }
  if (error instanceof RedirectRefusedError) return redirected(error);
  const complaint = error instanceof Error ? undefined : complaintOf(error);
  if (complaint) return ofStream(complaint);
  const message = error instanceof Error ? error.message : 'unknown';
  if (error instanceof Error && error.name === 'TimeoutError') return lost('The provider did not answer in time.');
  return failed(message);
}

function failed(reason: string): ModelFault {
  return lost(`The connection to the provider failed: ${brief(reason)}`);
}

/** Asking again would be answered alike. */
function redirected({ message }: RedirectRefusedError): ModelFault {
  return { code: 'provider_refused', message: `${message} Connect the provider by the address that answers itself.` };
}

function lost(message: string): ModelFault {
  return { code: 'connection_lost', message };
}

function ofStatus(error: APICallError): ModelFault {
  const status = error.statusCode;
  const said = `${error.message} ${error.responseBody ?? ''}`;
  if (status === undefined) return failed(reasonOf(error));
  if (status < 400 || status === 408) return lost('The connection to the provider was lost.');
  if (status === 401 || status === 403) return auth(status);
  if (status === 402 || QUOTA.test(said)) return quota();
  if (status === 429) return rateLimited(error.responseHeaders ?? {});
  if (status >= 500) return { ...overloaded(status), ...retryAfter(error.responseHeaders ?? {}) };
  if (status === 413 || CONTEXT.test(said)) return contextOverflow();
  return { code: 'provider_refused', message: `The provider refused the request (${status}): ${brief(error.message)}` };
}

/** Nobody answered: why, as the connection says it. */
function reasonOf({ cause, message }: APICallError): string {
  if (!(cause instanceof Error)) return message;
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message === '' ? (code ?? message) : cause.message;
}

function ofStream(error: StreamComplaint): ModelFault {
  const kind = `${error.type ?? ''} ${error.code ?? ''} ${error.message}`;
  if (QUOTA.test(kind)) return quota();
  if (error.statusCode === 401 || error.statusCode === 403) return auth(error.statusCode);
  if (error.statusCode === 429) return { code: 'rate_limited', message: 'The provider limits the rate of requests.' };
  if (CONTEXT.test(kind)) return contextOverflow();
  if (error.isRetryable || (error.statusCode ?? 500) >= 500) return overloaded(error.statusCode);
  return { code: 'provider_refused', message: `The provider gave up: ${brief(error.message)}` };
}

/** What the refusal of a vendor's other interfaces means, in the same words. */
export function faultOfStatus(status: number, said: string, headers: Record<string, string>): ModelFault {
  if (status === 401 || status === 403) return auth(status);
  if (status === 402 || QUOTA.test(said)) return quota();
  if (status === 429) return rateLimited(headers);
  if (status === 408) return lost('The connection to the provider was lost.');
  if (status >= 500) return { ...overloaded(status), ...retryAfter(headers) };
  return { code: 'provider_refused', message: `The provider refused the request (${status}): ${brief(said)}` };
}

function auth(status: number): ModelFault {
  return { code: 'auth', message: `The provider refused the credential (${status}).` };
}

function quota(): ModelFault {
  return { code: 'quota', message: 'The account at the provider has no quota or credit left.' };
}

function rateLimited(headers: Record<string, string>): ModelFault {
  return { code: 'rate_limited', message: 'The provider limits the rate of requests.', ...retryAfter(headers) };
}

function overloaded(status: number | undefined): ModelFault {
  return { code: 'overloaded', message: `The provider is overloaded or out of order (${status ?? 'mid-stream'}).` };
}

export function contextOverflow(): ModelFault {
  return { code: 'context_overflow', message: "The conversation is longer than the model's context." };
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfter(headers: Record<string, string>): { retryAfterMs?: number } {
  const exact = Number(headers['retry-after-ms']);
  if (headers['retry-after-ms'] !== undefined && Number.isFinite(exact)) return { retryAfterMs: Math.max(0, exact) };
  const text = headers['retry-after'];
  if (text === undefined) return {};
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? { retryAfterMs: Math.max(0, ms) } : {};
}

function brief(message: string): string {
  return message.length > 500 ? `${message.slice(0, 500)}…` : message;
}
