import type { ExportAudit, ProveEvent, RefusalOf, SignCheckpoint } from '@runledger/contracts';
import { RequestError, type RequestErrorCode } from '../graph/request-errors.js';

type Code = RefusalOf<typeof ExportAudit> | RefusalOf<typeof ProveEvent> | RefusalOf<typeof SignCheckpoint>;

const SHOWN: Readonly<Record<Code, RequestErrorCode>> = {
  RUN_NOT_FOUND: 'NOT_FOUND',
  EVENT_NOT_FOUND: 'NOT_FOUND',
  INVALID_CURSOR: 'INVALID_CURSOR',
  INVALID_SIZE: 'BAD_USER_INPUT',
  NOT_SEALED_YET: 'UNAVAILABLE',
};

/** What a caller is told when the audit service has refused. */
export function auditRefused(refusal: { readonly rejected: Code; readonly message: string; readonly fix?: string }) {
  return new RequestError(
    SHOWN[refusal.rejected],
    refusal.message,
    refusal.fix ?? 'Look up in the reference what it may be.',
  );
}

/** The size of a checkpoint, as callers write it. */
export function sizeOf(text: string): number {
  const size = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(size)) return size;
  throw new RequestError(
    'BAD_USER_INPUT',
    'The size of a checkpoint is a whole number.',
    'Take it from its second line.',
  );
}
