import { ReadMailTicket, type OutputOf } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { isRejection, reject, type Rejection } from '@runledger/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, COMMAND_CLIENT, type Clock, type CommandClient } from '@runledger/platform';
import type { Caller } from '../access/caller.js';
import { NotificationReader } from './notification-reader.js';
import { OutsideDecisions } from './outside-decisions.js';

const MAIL = { kind: 'system', id: 'mail' } as const;
const MOST_TICKET = 4_000;

/** What a link of a letter stands for, and the member whom it was sent to. */
export interface Proven {
  readonly ticket: OutputOf<typeof ReadMailTicket>;
  readonly caller: Caller;
}

/** Knows the links of letters: each was sealed for one member or mailbox, and says nothing of what they may do. */
@Injectable()
export class LetterLinks {
  constructor(
    @Inject(COMMAND_CLIENT) private readonly commands: CommandClient,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(NotificationReader) private readonly reader: NotificationReader,
    @Inject(OutsideDecisions) private readonly decisions: OutsideDecisions,
  ) {}

  /** `ticket`: as the link or the form brought it. */
  async proven(channelId: string, ticket: string): Promise<Proven | Rejection> {
    const channel = await this.reader.anybodys(channelId);
    if (!channel || ticket.length > MOST_TICKET) return unknownLink();
    const { workspaceId } = channel;
    const commandId = newUuid();
    const context = { commandId, workspaceId, actor: MAIL, occurredAt: this.clock.now(), correlationId: commandId };
    const read = await this.commands.send(ReadMailTicket, { channelId, ticket }, context);
    if (read.status === 'refused') return read.refusal;
    const { to } = read.output;
    const who = 'memberId' in to ? { memberId: to.memberId } : { email: to.address };
    const caller = await this.decisions.callerOf(workspaceId, who, 'email link');
    return isRejection(caller) ? caller : { ticket: read.output, caller };
  }
}

export function unknownLink(): Rejection {
  return reject('UNKNOWN_LINK', 'This link is none that was sent from here, or its channel was removed.', {
    fix: 'Follow the link as it is in the letter, or decide in the inbox.',
  });
}
