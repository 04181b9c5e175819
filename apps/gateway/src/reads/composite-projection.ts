import type { Projection } from '@runledger/projections';

/**
 * Several tables that move together: one checkpoint, one transaction, so that no reader sees one ahead of the other.
 * `version` is the composite's own; raise it when a part changes.
 */
export function together(name: string, version: number, parts: readonly Projection[]): Projection {
  return {
    name,
    version,
    types: [...new Set(parts.flatMap(part => part.types))],
    tables: parts.flatMap(part => part.tables),
    apply: async (events, rows) => {
      for (const part of parts) {
        const own = events.filter(event => part.types.includes(event.type));
        if (own.length > 0) await part.apply(own, rows);
      }
    },
  };
}
