import type { RecordedEvent } from '@runledger/event-store';
import { canonicalJson } from '@runledger/kernel';

/** Place of an event in a chain, from 0, and the leaf hash of the one before it; none before the first. */
export interface ChainLink {
  readonly n: number;
  readonly prev: Uint8Array | undefined;
}

/** The two chains that every event is part of: of its run (or other story), and of its workspace. */
export interface EntryLinks {
  readonly story: ChainLink;
  readonly workspace: ChainLink;
}

/**
 * The bytes of a leaf: an event exactly as it was stored, with its links, as RFC 8785 has it. Positions are strings: they
 * outgrow what JSON numbers hold exactly.
 */
export function entryText(event: RecordedEvent, links: EntryLinks): string {
  return canonicalJson({
    id: event.id,
    type: event.type,
    stream: event.stream,
    revision: event.revision,
    position: String(event.position),
    recordedAt: event.recordedAt,
    workspaceId: event.tenant,
    metadata: event.metadata,
    data: event.data,
    story: shown(links.story),
    workspace: shown(links.workspace),
  });
}

function shown({ n, prev }: ChainLink) {
  return { n, prev: prev === undefined ? null : base64(prev) };
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
