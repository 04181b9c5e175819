import { catalogue, SkillVersionPublished } from '@runledger/contracts';
import type { EventStore } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';

export type PublishedSkill = ReturnType<typeof SkillVersionPublished>['data'];

/** Versions of skills, by workspace and slug. */
export class PublishedSkills {
  constructor(private readonly store: EventStore) {}

  /** The named version, else the newest; undefined when there is none. */
  async find(tenant: string, slug: string, version?: number): Promise<PublishedSkill | undefined> {
    const stream = { tenant, name: streamOf('skill', `skill_${slug}`) };
    const place = version === undefined ? ({ direction: 'backwards' } as const) : { from: version - 1 };
    const { events } = await this.store.readStream(stream, { ...place, limit: 1 });
    const [event] = events;
    if (!event) return undefined;
    return SkillVersionPublished.schema.parse(catalogue.upcast(event.type, event.metadata.schemaVersion, event.data));
  }
}
