import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@runledger/kernel';
import { z } from 'zod';

/** Documents of operations by the ids that clients send for them. */
export type Manifest = ReadonlyMap<string, string>;

/** A manifest that cannot be used: nothing of it counts, and the platform does not start. */
export class InvalidManifestError extends Fault {
  constructor(file: string, problem: string, cause?: unknown) {
    super(
      'INVALID_OPERATION_MANIFEST',
      `${file} is no manifest of GraphQL operations: ${problem}. Make it anew with "npm run operations", or leave it out of GRAPHQL_STORED_OPERATIONS.`,
      { cause, fields: { file } },
    );
  }
}

/** What Relay's compiler writes: documents by id. */
const byId = z.record(z.string().min(1), z.string().min(1));

/** What Apollo's generator writes, and ours. */
const listed = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string().min(1), body: z.string().min(1) })),
});

const SHA_256 = /^[0-9a-f]{64}$/;

/** SHA-256 of a document, in hex: its id where a manifest gives it no other. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** All manifests at these places: JSON files, or folders of them. Throws {@link InvalidManifestError}. */
export async function readManifests(places: readonly string[]): Promise<Manifest> {
  const files = (await Promise.all(places.map(filesAt))).flat();
  const manifests = await Promise.all(files.map(readManifest));
  return new Map(manifests.flatMap(manifest => [...manifest]));
}

async function filesAt(place: string): Promise<readonly string[]> {
  try {
    if (!(await stat(place)).isDirectory()) return [place];
    const names = await readdir(place);
    const found = names.filter(name => name.endsWith('.json')).sort();
    return found.map(name => join(place, name));
  } catch (cause) {
    throw new InvalidManifestError(place, 'it cannot be read', cause);
  }
}

async function readManifest(file: string): Promise<Manifest> {
  const manifest = parsed(file, await readFile(file, 'utf8'));
  for (const [id, text] of manifest) {
    // An id that looks like a hash is taken for one by whoever reads the manifest: it must not stand for anything else.
    if (SHA_256.test(id) && id !== hashOf(text)) {
      throw new InvalidManifestError(file, `${id} is not the SHA-256 of its document`);
    }
  }
  return manifest;
}

function parsed(file: string, text: string): Manifest {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new InvalidManifestError(file, 'it is not JSON', cause);
  }
  const list = listed.safeParse(content);
  if (list.success) return new Map(list.data.operations.map(({ id, body }) => [id, body]));
  const record = byId.safeParse(content);
  if (record.success) return new Map(Object.entries(record.data));
  throw new InvalidManifestError(file, 'it has neither `operations` nor documents by id', list.error);
}
