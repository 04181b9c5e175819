import { canonicalJson } from '@runledger/kernel';
import { checkpointText, NoteSigner } from '../checkpoint/signed-note.js';
import type { SigningKey } from '../checkpoint/signing-keys.js';
import { base64 } from '../tree/log-entry.js';
import { leafHash, meetingLevel } from '../tree/merkle-tree.js';
import { treeOver } from '../tree/memory-tree.fixture.js';

export const LOG = 'runledger/small';
export const WORKSPACE = 'ws_small';
export const RUN = 'run_small';

/** Keys of one log bear one name, as after a change of keys. */
export const signerOf = (seed: number) => new NoteSigner(LOG, Buffer.alloc(32, seed));
export const ours = signerOf(1);

/** The key, and the statement with which the one before hands over to it. */
export const handedOver = (signer: NoteSigner, previous: NoteSigner): SigningKey => ({
  key: signer.verifierKey,
  statement: previous.sign(`runledger key change\n${signer.verifierKey}\n`),
});

export interface SmallBundle {
  readonly signer?: NoteSigner;
  readonly keys?: readonly SigningKey[];
  readonly scope?: { readonly runId?: string };
  /** Fields of the entry at this place that are not as usual. */
  readonly entry?: (at: number) => Record<string, unknown>;
  /** Fields of the header that are not as usual. */
  readonly header?: Record<string, unknown>;
}

const EVENTS = 4;

/** A bundle of a log of four events, all of one run; what differs from a good one is sealed and signed as if it had been so. */
export async function smallBundle(changes: SmallBundle = {}): Promise<string[]> {
  const { signer = ours, scope = {}, keys = [{ key: signer.verifierKey }], header = {} } = changes;
  const texts = entryTexts(changes);
  const leaves = texts.map(text => leafHash(text));
  const tree = treeOver(leaves);
  const checkpoint = signer.sign(checkpointText(LOG, EVENTS, await tree.root()));
  const first = { format: 'runledger.audit', version: 3, workspaceId: WORKSPACE, scope, keys, checkpoint, ...header };
  const lines = [canonicalJson(first)];
  for (const [leaf, text] of texts.entries()) {
    const proof = (await tree.inclusion(leaf, leaf === 0 ? undefined : meetingLevel(leaf - 1, leaf))).map(base64);
    lines.push(canonicalJson({ entry: JSON.parse(text) as object, leaf, proof }));
  }
  const chain = `${LOG}/workspaces/${WORKSPACE}${scope.runId === undefined ? '' : `/runs/${scope.runId}`}`;
  const about = canonicalJson({ events: EVENTS, scope, size: EVENTS });
  const head = signer.sign(checkpointText(chain, EVENTS, leaves.at(-1)!, about));
  return [...lines, canonicalJson({ end: { events: EVENTS, head } })];
}

function entryTexts({ entry = () => ({}) }: SmallBundle): string[] {
  const texts: string[] = [];
  for (let n = 0; n < EVENTS; n += 1) {
    const before = texts.at(-1);
    const link = { n, prev: before === undefined ? null : base64(leafHash(before)) };
    const usual = { id: `event-${n}`, type: 'Noted', workspaceId: WORKSPACE, data: {}, story: link, workspace: link };
    texts.push(canonicalJson({ ...usual, metadata: { correlationId: RUN }, ...entry(n) }));
  }
  return texts;
}

/** A checkpoint of a log that may be another. */
export const checkpointOf = (origin: string, size: number | string, signer = ours) =>
  signer.sign(`${origin}\n${size}\n${Buffer.alloc(32, 7).toString('base64')}\n`);
