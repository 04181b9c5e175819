import { catalogue, SandboxProfilePublished, type ProfileDefinition } from '@runledger/contracts';
import { START, type EventStore, type Position } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import { isSameRepository } from './repository-names.js';

/** Every profile of a workspace as of a place in the log. */
interface Directory {
  readonly at: Position;
  readonly bySlug: ReadonlyMap<string, ProfileDefinition>;
}

/** Which sandbox profiles a workspace has. Profiles are never taken back, so a "yes" is remembered. */
export class KnownProfiles {
  readonly #known = new LRUCache<string, true>({ maxSize: 2_000, sizeCalculation: () => 1 });
  readonly #directories = new LRUCache<string, Directory>({ maxSize: 500, sizeCalculation: () => 1 });

  constructor(private readonly store: EventStore) {}

  async has(tenant: string, slug: string): Promise<boolean> {
    const key = `${tenant}\n${slug}`;
    if (this.#known.has(key)) return true;
    const name = streamOf('profile', `prof_${slug}`);
    const { events } = await this.store.readStream({ tenant, name }, { direction: 'backwards', limit: 1 });
    if (events.length > 0) this.#known.set(key, true);
    return events.length > 0;
  }

  /**
   * The profile that clones the repository, or that is called like it. Of several the `preferred` one, else the first by
   * slug, so that the same request always means the same profile.
   */
  async forRepository(tenant: string, repository: string, preferred?: string): Promise<string | undefined> {
    const { bySlug } = await this.#directory(tenant);
    const named = bySlug.has(repository) ? [repository] : [];
    const cloning = [...bySlug.values()]
      .filter(({ repositories }) => repositories.some(({ url }) => isSameRepository(url, repository)))
      .map(({ slug }) => slug)
      .sort();
    if (preferred !== undefined && cloning.includes(preferred)) return preferred;
    return cloning[0] ?? named[0];
  }

  /** Read once, then only what is new: starts that name a repository are few, profiles are fewer. */
  async #directory(tenant: string): Promise<Directory> {
    const known = this.#directories.get(tenant);
    const bySlug = new Map(known?.bySlug);
    for (let at = known?.at ?? START; ;) {
      const filter = { tenant, types: [SandboxProfilePublished.type] };
      const { events, scannedTo, caughtUp } = await this.store.readAll({ ...filter, after: at });
      for (const { type, data, metadata } of events) {
        const published = catalogue.upcast(type, metadata.schemaVersion, data);
        const { slug, definition } = SandboxProfilePublished.schema.parse(published);
        bySlug.set(slug, definition);
      }
      at = scannedTo;
      if (!caughtUp) continue;
      this.#directories.set(tenant, { at, bySlug });
      return { at, bySlug };
    }
  }
}
