import type { OutputOf, RefusalOf, StartRun } from '@runledger/contracts';
import type { CommandOutcome } from '@runledger/platform';
import type { FastifyReply } from 'fastify';
import { positionText } from '../graph/position-text.js';
import { declineStatus } from './decline-status.js';

type Code = RefusalOf<typeof StartRun>;

/** Answers a program that asked for a run: 202 for a new one, 200 for one that it has asked for before, else why not. */
export async function replyWithStart(
  reply: FastifyReply,
  outcome: CommandOutcome<OutputOf<typeof StartRun>, Code>,
): Promise<void> {
  if (outcome.status === 'refused') {
    const { rejected, message, fix, details } = outcome.refusal;
    await reply
      .status(declineStatus(rejected))
      .send({ error: { code: rejected, message, fix, details: details ?? [] } });
    return;
  }
  const { runId, created } = outcome.output;
  const position = outcome.position === undefined ? undefined : positionText(outcome.position);
  await reply.status(created ? 202 : 200).send({ runId, created, position });
}
