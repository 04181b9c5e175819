import { catalogue, FlowVersionPublished } from '@runledger/contracts';
import type { EventStore, RecordedEvent, StreamRef } from '@runledger/event-store';
import { streamOf } from '@runledger/kernel';
import { LRUCache } from 'lru-cache';
import { ParameterSchema } from '../parameters/parameter-schema.js';

/** One version of a flow; never changes, so it may be kept as long as there is room. */
export interface PinnedFlow {
  readonly flow: ReturnType<typeof FlowVersionPublished>['data'];
  readonly parameters: ParameterSchema;
}

/** Flow versions by workspace, slug and version, read once each. */
export class PinnedFlows {
  readonly #versions = new LRUCache<string, PinnedFlow>({ maxSize: 500, sizeCalculation: () => 1 });
  /** Newest version known here; the store is asked for newer ones each time. */
  readonly #newest = new LRUCache<string, number>({ maxSize: 2_000, sizeCalculation: () => 1 });

  /** By the flow's hash: compiling takes milliseconds, and many starts may read a new version at once. */
  readonly #schemas = new LRUCache<string, ParameterSchema>({ maxSize: 500, sizeCalculation: () => 1 });

  constructor(private readonly store: EventStore) {}

  /** The named version, else the newest; undefined when there is none. */
  async find(tenant: string, slug: string, version?: number): Promise<PinnedFlow | undefined> {
    const stream = { tenant, name: streamOf('flow', `flow_${slug}`) };
    return version === undefined ? this.#findNewest(stream) : this.#findVersion(stream, version);
  }

  async #findNewest(stream: StreamRef): Promise<PinnedFlow | undefined> {
    const known = this.#newest.get(keyOf(stream));
    // Revisions count from 0 and versions from 1: the first revision that is not known is the newest known version.
    const { events } = await this.store.readStream(
      stream,
      known === undefined ? { direction: 'backwards', limit: 1 } : { from: known },
    );
    const newest = events.at(-1);
    if (newest) return this.#keep(stream, newest);
    return known === undefined ? undefined : this.#findVersion(stream, known);
  }

  async #findVersion(stream: StreamRef, version: number): Promise<PinnedFlow | undefined> {
    const known = this.#versions.get(versionKey(stream, version));
    if (known) return known;
    const { events } = await this.store.readStream(stream, { from: version - 1, limit: 1 });
    return events[0] ? this.#keep(stream, events[0]) : undefined;
  }

  #keep(stream: StreamRef, event: RecordedEvent): PinnedFlow {
    const data = catalogue.upcast(event.type, event.metadata.schemaVersion, event.data);
    const flow = FlowVersionPublished.schema.parse(data);
    const pinned = { flow, parameters: this.#schemaOf(flow) };
    this.#versions.set(versionKey(stream, flow.version), pinned);
    this.#newest.set(keyOf(stream), Math.max(flow.version, this.#newest.get(keyOf(stream)) ?? 0));
    return pinned;
  }

  #schemaOf({ hash, definition }: PinnedFlow['flow']): ParameterSchema {
    const known = this.#schemas.get(hash);
    if (known) return known;
    const compiled = new ParameterSchema(definition.parameters);
    this.#schemas.set(hash, compiled);
    return compiled;
  }
}

function keyOf({ tenant, name }: StreamRef): string {
  return `${tenant}\n${name}`;
}

function versionKey(stream: StreamRef, version: number): string {
  return `${keyOf(stream)}@${version}`;
}
