import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The program that checks bundles, as it is handed out, and the SHA-256 by which it is known. */
export function verifierFile(): { readonly source: string; readonly sha256: string } {
  const source = readFileSync(new URL('./verify.mjs', import.meta.url), 'utf8');
  return { source, sha256: createHash('sha256').update(source).digest('hex') };
}
