import type { Connection, Credentials } from '../integrations/credentials.js';
import { isForPeople } from './model-patience.js';
import type { TurnOutcome } from './model-turn.js';

/** People see which of their integrations work: what only they can mend, and that it works again. The operator's are not theirs. */
export async function reportUse(
  credentials: Credentials,
  { name, connectedAt }: Partial<Connection> = {},
  outcome: TurnOutcome,
): Promise<void> {
  if (name === undefined || connectedAt === undefined || outcome.status === 'aborted') return;
  if (outcome.status === 'finished') return credentials.report({ name, connectedAt });
  const { code, message } = outcome.fault;
  if (isForPeople(code)) await credentials.report({ name, connectedAt, error: { code, message } });
}
