import type { InputOf, OutputOf, ReadMailTicket, RefusalOf } from '@runledger/contracts';
import type { CommandContext } from '@runledger/event-store';
import { reject } from '@runledger/kernel';
import type { Clock, CommandOutcome } from '@runledger/platform';
import type { ChannelSecrets } from './channel-secrets.js';
import { openTicket } from './tickets.js';

type Answer = CommandOutcome<OutputOf<typeof ReadMailTicket>, RefusalOf<typeof ReadMailTicket>>;

/** Says what the link of a letter stands for. Who follows it has to be a member with the right to decide by then. */
export class MailTickets {
  constructor(
    private readonly secrets: ChannelSecrets,
    private readonly clock: Clock,
  ) {}

  async read(
    { channelId, ticket: sealed }: InputOf<typeof ReadMailTicket>,
    { workspaceId }: CommandContext,
  ): Promise<Answer> {
    const key = await this.secrets.ticketKey(workspaceId, channelId);
    const ticket = key && openTicket(key, channelId, sealed);
    if (!ticket?.to) return { status: 'refused', refusal: unknownLink() };
    const { requestId, shownHash, to, expiresAt } = ticket;
    if (expiresAt !== undefined && expiresAt <= this.clock.now())
      return { status: 'refused', refusal: expired(expiresAt) };
    return { status: 'accepted', output: { requestId, shownHash, to }, position: undefined };
  }
}

function unknownLink() {
  return reject('UNKNOWN_LINK', 'This link is none that was sent from here, or its channel was removed.', {
    fix: 'Follow the link as it is in the letter, or decide in the inbox.',
  });
}

function expired(expiresAt: string) {
  return reject('LINK_EXPIRED', `This link was good until ${expiresAt}.`, { fix: 'Decide in the inbox.' });
}
