import { catalogue, WorkspaceCreated } from '@runledger/contracts';
import type { InputOf, OutputOf, Plan, RefusalOf, SetPlan } from '@runledger/contracts';
import type { CommandContext, CommandHandler, EventStore } from '@runledger/event-store';
import { keyOf, streamOf } from '@runledger/kernel';
import type { CommandOutcome } from '@runledger/platform';
import { LRUCache } from 'lru-cache';
import { plans } from './plan.decider.js';

/** A workspace that was never set up here, as in a test or after an import, is held back by nothing. */
const WITHOUT_A_WORKSPACE: Plan = 'business';

/** Knows which plan a workspace is on: the one that was set last, else the one that it was set up with. */
export class PlanDesk {
  /** How workspaces were set up; that never changes. */
  readonly #setUpWith = new LRUCache<string, Plan>({ maxSize: 5_000, sizeCalculation: () => 1 });

  constructor(
    private readonly handler: CommandHandler,
    private readonly store: EventStore,
  ) {}

  /** Answers the command `SetPlan`. */
  async set(
    { plan }: InputOf<typeof SetPlan>,
    context: CommandContext,
  ): Promise<CommandOutcome<OutputOf<typeof SetPlan>, RefusalOf<typeof SetPlan>>> {
    const { workspaceId, actor, occurredAt } = context;
    const data = { workspaceId, plan, setBy: actor, setAt: occurredAt };
    const outcome = await this.handler.handle(plans, planStream(workspaceId), { type: 'SetPlan', data }, context);
    if (outcome.status === 'refused') return outcome;
    return { status: 'accepted', output: { plan }, position: outcome.position };
  }

  /** Asks the store each time: a plan that was changed in another process holds from its very event on. */
  async planOf(workspaceId: string): Promise<Plan> {
    const { state } = await this.handler.load(plans, { tenant: workspaceId, name: planStream(workspaceId) });
    return state.plan ?? this.#planAtSetUp(workspaceId);
  }

  async #planAtSetUp(workspaceId: string): Promise<Plan> {
    const known = this.#setUpWith.get(workspaceId);
    if (known !== undefined) return known;
    const { events } = await this.store.readStream(
      { tenant: workspaceId, name: streamOf('workspace', workspaceId) },
      { limit: 1 },
    );
    const [created] = events;
    if (created?.type !== WorkspaceCreated.type) return WITHOUT_A_WORKSPACE;
    const data = catalogue.upcast(created.type, created.metadata.schemaVersion, created.data);
    const { plan } = WorkspaceCreated.schema.parse(data);
    this.#setUpWith.set(workspaceId, plan);
    return plan;
  }
}

function planStream(workspaceId: string): string {
  return `plan-${keyOf(workspaceId)}`;
}
