import type { BlockCause, StepError } from '@runledger/contracts';

type Kind = BlockCause['kind'];

/** What the codes of the failure vocabulary ask for from outside. */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['auth', 'CREDENTIAL'],
  ['quota', 'CREDENTIAL'],
  ['PROVIDER_NOT_CONNECTED', 'CREDENTIAL'],
  ['CREDENTIAL', 'CREDENTIAL'],
  ['ENVIRONMENT', 'ENVIRONMENT'],
  ['DISK_FULL', 'ENVIRONMENT'],
  ['INTEGRATION', 'INTEGRATION'],
  ['BUDGET', 'BUDGET'],
]);

export const ENVIRONMENT_FIX = 'Bring the environment back, then resume the run.';
export const SILENT_FIX =
  'Wait: it goes on by itself once it is heard again. Or resume the run, or retry the step, for a new attempt instead of this one.';

const FIXES: Readonly<Record<Kind, string>> = {
  CREDENTIAL: 'Put the credential or the account behind it right, then resume the run.',
  ENVIRONMENT: ENVIRONMENT_FIX,
  INTEGRATION: 'Connect the integration again, then resume the run.',
  SELF_REPORTED: 'Give the step what it asks for, then resume the run.',
  SILENT: SILENT_FIX,
  BUDGET: 'Raise the budget, then resume the run.',
};

/** What an attempt needs from outside; undefined when it simply failed. */
export function blockCauseOf(outcome: 'BLOCKED' | 'ERROR', error: StepError): BlockCause | undefined {
  const kind = KINDS.get(error.code) ?? (outcome === 'BLOCKED' ? 'SELF_REPORTED' : undefined);
  if (kind === undefined) return undefined;
  const { message, fix = FIXES[kind], needs } = error;
  return { kind, message, fix, ...(needs === undefined ? {} : { needs }) };
}
