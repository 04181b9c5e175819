import type { ConcurrencyRule } from '@runledger/contracts';
import type { CommandHandler } from '@runledger/event-store';
import { reject } from '@runledger/kernel';
import type { Decline } from '../runs/start-request.js';
import { runAhead } from './run-ahead.js';

/**
 * Why a run may not start beside one that has its key, where its flow skips such starts; undefined when it may.
 *
 * What is known at the start: of two that start at the same moment neither is in the queue yet, and the one that comes to it
 * second is cancelled there.
 */
export async function skippedBecause(
  commands: CommandHandler,
  tenant: string,
  { concurrency, runId }: { readonly concurrency?: ConcurrencyRule | undefined; readonly runId: string },
): Promise<Decline | undefined> {
  if (concurrency?.policy !== 'SKIP') return undefined;
  const { key } = concurrency;
  const first = await runAhead(commands, tenant, { concurrency, runId });
  if (first === undefined) return undefined;
  const message = `Run ${first} has the concurrency key “${key}” and has not ended; the flow starts no other meanwhile.`;
  return reject('ALREADY_RUNNING', message, { fix: 'Wait until that run has ended, or cancel it.' });
}
