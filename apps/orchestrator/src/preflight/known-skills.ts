import type { EventStore } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';

/** Which skills a workspace has. Skills are never taken back, so a "yes" is remembered. */
export class KnownSkills {
  readonly #known = new LRUCache<string, true>({ max: 2_000 });

  constructor(private readonly store: EventStore) {}

  async has(tenant: string, slug: string): Promise<boolean> {
    const key = `${tenant}\n${slug}`;
    if (this.#known.has(key)) return true;
    const name = streamOf('skill', `skill_${slug}`);
    const { events } = await this.store.readStream({ tenant, name }, { direction: 'backwards', limit: 1 });
    if (events.length > 0) this.#known.set(key, true);
    return events.length > 0;
  }
}
