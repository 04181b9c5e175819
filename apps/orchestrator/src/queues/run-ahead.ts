import type { ConcurrencyRule } from '@runledger/contracts';
import type { CommandHandler } from '@runledger/event-store';
import { queueStream } from './concurrency-key.js';
import { queue } from './queue.decider.js';

/** The run whose turn it is while this one waits for its own; undefined when nobody is before it, or it has no key. */
export async function runAhead(
  commands: CommandHandler,
  tenant: string,
  { concurrency, runId }: { readonly concurrency?: ConcurrencyRule | undefined; readonly runId: string },
): Promise<string | undefined> {
  if (!concurrency) return undefined;
  const { state } = await commands.load(queue, { tenant, name: queueStream(concurrency.key) });
  const [first] = state.runs;
  return first === runId ? undefined : first;
}
