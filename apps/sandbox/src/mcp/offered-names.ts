import { createHash } from 'node:crypto';

type OfferedName = `mcp__${string}`;

/** What models take in the name of a tool, and how long it may be. */
const NOT_TAKEN = /[^a-zA-Z0-9_-]/g;
const MOST_CHARS = 64;
const HASH_CHARS = 8;

/**
 * Under which names agents have the tools of a server, in the order of the tools: `mcp__<server>__<tool>`. Servers may use characters and
 * lengths that no model takes: `_` stands for each such character, and a name that is too long, or that another tool has already, ends with a
 * hash of what the server calls it.
 */
export function named<Tool extends { readonly tool: string }>(
  server: string,
  tools: readonly Tool[],
): readonly (Tool & { readonly name: OfferedName })[] {
  const plain = tools.map(one => ({ one, name: `mcp__${server}__${one.tool.replace(NOT_TAKEN, '_')}` as const }));
  return plain.map(({ one, name }) => {
    const isOwn = name.endsWith(`__${one.tool}`);
    const isShared = plain.some(other => other.name === name && other.one !== one);
    return { ...one, name: name.length <= MOST_CHARS && (isOwn || !isShared) ? name : hashed(name, one.tool) };
  });
}

function hashed(name: OfferedName, tool: string): OfferedName {
  const hash = createHash('sha256').update(tool).digest('hex').slice(0, HASH_CHARS);
  return `${name.slice(0, MOST_CHARS - HASH_CHARS - 1)}_${hash}` as OfferedName;
}
