import { Fault } from '@runledger/kernel';

/** What kind of failure it was, in a word: safe to show and to count where the message is not. */
export function failureCode(error: unknown): string {
  if (error instanceof Fault) return error.code;
  return error instanceof Error ? error.name : 'UNKNOWN';
}
