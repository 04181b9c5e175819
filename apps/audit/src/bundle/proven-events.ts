import type { RecordedEvent } from '@runledger/event-store';
import { base64, entryText } from '../tree/log-entry.js';
import type { ChainLink } from '../tree/log-entry.js';
import { meetingLevel } from '../tree/merkle-tree.js';
import type { EntryRow, TreeRows } from '../tree/tree-rows.js';

/** What a leaf holds, made anew from the event as the store has it now: after a forgery it is not what was sealed. */
export async function entryOf(tree: TreeRows, event: RecordedEvent, row: EntryRow): Promise<string> {
  return entryText(event, { story: await linkOf(tree, row.story), workspace: await linkOf(tree, row.workspace) });
}

async function linkOf(tree: TreeRows, { n, prev }: EntryRow['story']): Promise<ChainLink> {
  return { n, prev: prev === undefined ? undefined : await tree.leafHash(prev) };
}

/**
 * A line of a bundle. Its proof leads to the root; behind another line only to the node where both meet, which the reader knows
 * from there. So neighbours in the log cost one or two hashes each.
 */
export async function eventLine(
  tree: TreeRows,
  size: number,
  {
    event,
    row,
    lastLeaf,
  }: { readonly event: RecordedEvent; readonly row: EntryRow; readonly lastLeaf: number | undefined },
): Promise<string> {
  const { leaf } = row;
  const upTo = lastLeaf === undefined ? undefined : meetingLevel(lastLeaf, leaf);
  const proof = await tree.tree(size).inclusion(leaf, upTo);
  return line(await entryOf(tree, event, row), leaf, proof);
}

/** An event that came into the store behind the sealer's back: it is in no tree, and the bundle says so. */
export function unsealedLine(event: RecordedEvent): string {
  const nowhere = { n: 0, prev: undefined };
  return line(entryText(event, { story: nowhere, workspace: nowhere }), null, []);
}

function line(entry: string, leaf: number | null, proof: readonly Uint8Array[]): string {
  return `{"entry":${entry},"leaf":${leaf},"proof":${JSON.stringify(proof.map(base64))}}`;
}
