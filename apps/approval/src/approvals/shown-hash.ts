import { createHash } from 'node:crypto';
import type { ApprovalShown } from '@runledger/contracts';
import { canonicalJson } from '@runledger/kernel';

/** SHA-256 (lower-case hex) of everything that a request shows: the decision is bound to it (D1). */
export function shownHash(shown: { readonly message: string; readonly shown: ApprovalShown }): string {
  return createHash('sha256')
    .update(canonicalJson({ message: shown.message, shown: shown.shown }))
    .digest('hex');
}
