import type { Connection, Credentials } from '../integrations/credentials.js';
import { isForPeople } from './model-patience.js';
import type { ModelFault } from './model-fault.js';

/** How a request that used it went. */
export type UseOutcome =
  | { readonly status: 'finished' }
  | { readonly status: 'aborted' }
  | { readonly status: 'failed'; readonly fault: Pick<ModelFault, 'code' | 'message'> };

/** People see which of their integrations work: what only they can mend, and that it works again. The operator's are not theirs. */
export async function reportUse(
  credentials: Credentials,
  { name, connectedAt }: Partial<Connection> = {},
  outcome: UseOutcome,
): Promise<void> {
  if (name === undefined || connectedAt === undefined || outcome.status === 'aborted') return;
  if (outcome.status !== 'failed') return credentials.report({ name, connectedAt });
  const { code, message } = outcome.fault;
  if (isForPeople(code)) await credentials.report({ name, connectedAt, error: { code, message } });
}
