import { ReserveBudget, UsageRecorded } from '@runledger/contracts';
import type { InputOf, SetBudget, Usage } from '@runledger/contracts';
import { derivedId } from '@runledger/event-store';
import type { RecordedEvent } from '@runledger/event-store';
import type { Chance } from './chance.fixture.js';
import type { ServiceParts } from './simulated-service.fixture.js';

export type AskedBudget = InputOf<typeof SetBudget>;

interface Place {
  readonly attemptId: string;
  readonly runId: string;
  readonly step: string;
  readonly attempt: number;
}

interface Calling {
  readonly parts: ServiceParts;
  readonly chance: Chance;
  readonly work: (parts: ServiceParts) => Promise<void>;
}

/** What models cost in this world: one has a price, one is free, one nobody knows. */
const MODELS = [
  ['anthropic', 'claude-haiku-4-5'],
  ['anthropic', 'claude-haiku-4-5'],
  ['anthropic', 'claude-haiku-4-5'],
  ['scripted', 'written'],
  ['anthropic', 'nobody-knows'],
] as const;
/** In micro-units: a call costs up to 70,000. */
const LIMITS = [0, 30_000, 100_000, 300_000, 2_000_000];
const ASKS = 3;

/** People who limit what is spent, and agents that spend it. */
export class SimulatedMoney {
  #everywhere: readonly AskedBudget['scope'][] = [];

  constructor(private readonly chance: Chance) {}

  /** At the beginning: some of the budgets that there can be, in a world with one flow. */
  budgets(flowId: string): AskedBudget[] {
    this.#everywhere = [
      { kind: 'WORKSPACE' },
      { kind: 'FLOW', flowId },
      { kind: 'EACH_RUN' },
      { kind: 'EACH_RUN', flowId },
    ];
    return this.#everywhere.filter(() => this.chance.happens(0.5)).map(scope => this.#limit(scope));
  }

  /** Somebody thinks of another limit. */
  budget(runId: string): AskedBudget {
    return this.#limit(this.chance.of([...this.#everywhere, { kind: 'RUN' as const, runId }]));
  }

  /** So that everything can go on. */
  raised(runIds: readonly string[]): AskedBudget[] {
    const scopes = [...this.#everywhere, ...runIds.map(runId => ({ kind: 'RUN', runId }) as const)];
    return scopes.map(scope => ({ scope, limitMicroUnits: null, unpriced: 'ALLOW', notifyAtPercent: [50] }));
  }

  /** A few calls, each set aside before it is made; one that does not fit within a few questions is not made. */
  async callModels(event: RecordedEvent, place: Place, calling: Calling) {
    const { chance, parts } = calling;
    const made = [];
    for (let call = chance.below(4); call > 0; call -= 1) {
      const [provider, model] = chance.of(MODELS);
      const usageId = `use_${place.attemptId.slice(4)}.m${call}`;
      const planned = { provider, model, inputTokens: 1 + chance.below(20_000), maxOutputTokens: chance.below(10_000) };
      const usage = usedOf(planned, chance);
      if (!(await this.#isGranted(event, { ...place, callId: usageId }, planned, calling))) continue;
      await calling.work(parts);
      made.push(UsageRecorded({ ...place, usageId, usage, at: parts.clock.now() }));
    }
    return made;
  }

  async #isGranted(
    event: RecordedEvent,
    { attemptId: _attemptId, ...call }: Place & { readonly callId: string },
    planned: Planned,
    { parts, work }: Calling,
  ): Promise<boolean> {
    for (let ask = 1; ask <= ASKS; ask += 1) {
      const commandId = derivedId(event.id, `${call.callId} ${parts.clock.now()}`, ask);
      const { workspaceId, correlationId } = event.metadata;
      const actor = { kind: 'service', id: 'sandbox' } as const;
      const context = { commandId, workspaceId, correlationId, actor, occurredAt: parts.clock.now() };
      const input = { ...call, use: { kind: 'model' as const, ...planned }, final: ask === ASKS };
      const outcome = await parts.client.send(ReserveBudget, input, context);
      if (outcome.status === 'accepted' && outcome.output.status === 'GRANTED') return true;
      await work(parts);
    }
    return false;
  }

  #limit(scope: AskedBudget['scope']): AskedBudget {
    const { chance } = this;
    return {
      scope,
      limitMicroUnits: chance.of(LIMITS),
      unpriced: chance.of(['REFUSE', 'ALLOW']),
      notifyAtPercent: [50, 80, 100].filter(() => chance.happens(0.7)),
    };
  }
}

interface Planned {
  readonly provider: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
}

/** Never more than was planned, in any of the buckets. */
function usedOf({ provider, model, inputTokens, maxOutputTokens }: Planned, chance: Chance): Usage {
  const cacheReadTokens = chance.below(inputTokens);
  const cacheWriteTokens = chance.below(inputTokens - cacheReadTokens);
  const reasoningTokens = chance.below(maxOutputTokens);
  return {
    ...{ kind: 'model', provider, model, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens: 0, reasoningTokens },
    inputTokens: inputTokens - cacheReadTokens - cacheWriteTokens,
    outputTokens: chance.below(maxOutputTokens - reasoningTokens),
  };
}
