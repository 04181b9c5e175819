import type { MemberAdded, MemberErased, Scope } from '@runledger/contracts';
import { START } from '@runledger/event-store';
import type { EventStore, Position } from '@runledger/event-store';
import { dataOf } from '../approvals/run-facts.js';

/** A person who can be written to. */
export interface ReachableMember {
  readonly memberId: string;
  readonly email: string;
  readonly scopes: readonly Scope[];
}

interface Page {
  readonly members: ReadonlyMap<string, ReachableMember>;
  readonly scannedTo: Position;
}

type Said = ReturnType<typeof MemberAdded>['data'] | ReturnType<typeof MemberErased>['data'];

const TYPES = ['MemberAdded', 'MemberErased'];
const MOST_WORKSPACES = 1_000;

/** The members of each workspace who have an e-mail address, read from the log; who was erased is in it no more. */
export class MemberBook {
  readonly #pages = new Map<string, Page>();

  constructor(private readonly store: EventStore) {}

  async of(workspaceId: string): Promise<readonly ReachableMember[]> {
    const page: Page = this.#pages.get(workspaceId) ?? { members: new Map(), scannedTo: START };
    let { members, scannedTo } = page;
    for (let caughtUp = false; !caughtUp;) {
      const slice = await this.store.readAll({ tenant: workspaceId, types: TYPES, after: scannedTo });
      for (const event of slice.events) members = after(members, event.type, dataOf<Said>(event));
      ({ scannedTo, caughtUp } = slice);
    }
    if (this.#pages.size >= MOST_WORKSPACES) this.#pages.clear();
    this.#pages.set(workspaceId, { members, scannedTo });
    return [...members.values()];
  }

  async find(workspaceId: string, memberId: string): Promise<ReachableMember | undefined> {
    return (await this.of(workspaceId)).find(member => member.memberId === memberId);
  }
}

function after(
  known: ReadonlyMap<string, ReachableMember>,
  type: string,
  data: Said,
): ReadonlyMap<string, ReachableMember> {
  const next = new Map(known);
  next.delete(data.memberId);
  if (type === 'MemberAdded' && 'scopes' in data && data.email !== undefined) {
    next.set(data.memberId, { memberId: data.memberId, email: data.email, scopes: data.scopes });
  }
  return next;
}
