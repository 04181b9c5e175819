import { catalogue, RunStarted } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';

/** All that is needed of a run's first event, whatever else it says. */
const flowOf = z.object({ flowId: z.string() });

/** Which flow a run is of: its first event says so, and that never changes. */
export class RunFlows {
  /** By size and not by `max`, for which places are made beforehand. */
  readonly #known = new LRUCache<string, string>({ maxSize: 50_000, sizeCalculation: () => 1 });

  constructor(private readonly store: EventStore) {}

  /** Undefined when there is no such run. */
  async flowOf(workspaceId: string, runId: string): Promise<string | undefined> {
    const key = `${workspaceId}/${runId}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { events } = await this.store.readStream({ tenant: workspaceId, name: streamOf('run', runId) }, { limit: 1 });
    const [started] = events;
    if (started?.type !== RunStarted.type) return undefined;
    const data = catalogue.upcast(started.type, started.metadata.schemaVersion, started.data);
    const { flowId } = flowOf.parse(data);
    this.#known.set(key, flowId);
    return flowId;
  }

  /** Whether it is the id of a flow that was published: slugs name the same streams, and are no ids. */
  async isFlow(workspaceId: string, flowId: string): Promise<boolean> {
    if (!flowId.startsWith('flow_')) return false;
    const { state } = await this.store.readStream(
      { tenant: workspaceId, name: streamOf('flow', flowId) },
      { limit: 1 },
    );
    return state === 'active';
  }
}
