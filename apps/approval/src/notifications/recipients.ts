import type { NoticeRecipient } from '@runledger/contracts';
import type { CommandHandler } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { approval } from '../approvals/approval.decider.js';
import type { Channel } from './channels.decider.js';
import type { MemberBook } from './member-book.js';

/** More letters than that about one thing are nobody's wish. */
const MOST_LETTERS = 200;

/** Whom the letters of a mail channel are for. */
export class Recipients {
  constructor(
    private readonly handler: CommandHandler,
    private readonly members: MemberBook,
  ) {}

  async of(
    { settings: { addresses = [], members = [], approvers = false } }: Channel,
    tenant: string,
    requestId: string | undefined,
  ): Promise<readonly NoticeRecipient[]> {
    const deciding = approvers && requestId !== undefined ? await this.#whoMayDecide(tenant, requestId) : [];
    const people = [...new Set([...members, ...deciding])].map(memberId => ({ memberId }));
    return [...people, ...addresses.map(address => ({ address }))].slice(0, MOST_LETTERS);
  }

  async #whoMayDecide(tenant: string, requestId: string): Promise<string[]> {
    const { state } = await this.handler.load(approval, { tenant, name: streamOf('approval', requestId) });
    if (state.status !== 'open') return [];
    const { policy, startedBy } = state.request;
    const named = policy.approvers && [...policy.approvers, ...state.escalatedTo].map(name => name.toLowerCase());
    const known = await this.members.of(tenant);
    return known
      .filter(({ memberId }) => !(policy.excludeStarter && memberId === startedBy))
      .filter(({ memberId, email, scopes }) =>
        named
          ? named.includes(memberId.toLowerCase()) || named.includes(email.toLowerCase())
          : scopes.includes('flows.run'),
      )
      .map(({ memberId }) => memberId);
  }
}
