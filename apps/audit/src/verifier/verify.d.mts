/** Types of the parts of `verify.mjs` that our own specs use; the program itself needs none of them. */
export class Tampered extends Error {}
export function leafHash(text: string): Buffer;
export function canonical(value: unknown): string;
export function provesInclusion(claim: {
  readonly leaf: number;
  readonly size: number;
  readonly hash: Buffer;
  readonly root: Buffer;
  readonly proof: readonly string[];
}): boolean;
export function provesConsistency(claim: {
  readonly from: number;
  readonly to: number;
  readonly rootFrom: Buffer;
  readonly rootTo: Buffer;
  readonly proof: readonly string[];
}): boolean;
export function readKey(text: string): { readonly name: string; readonly id: string };
export function openNote(note: string, keys: readonly ReturnType<typeof readKey>[], what: string): string;
export function verifyBundle(
  lines: Iterable<string> | AsyncIterable<string>,
  options?: { readonly keys?: readonly string[]; readonly checkpoints?: readonly string[] },
): Promise<{ readonly count: number; readonly unknown: readonly string[] }>;
