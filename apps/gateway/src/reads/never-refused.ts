import type { CommandOutcome } from '@runledger/platform';

/** The answer to a command that declares no refusal. */
export function neverRefused<Output>(
  outcome: CommandOutcome<Output, never>,
): Extract<CommandOutcome<Output, never>, { status: 'accepted' }> {
  if (outcome.status === 'accepted') return outcome;
  throw new TypeError('A command that declares no refusal was refused.');
}
