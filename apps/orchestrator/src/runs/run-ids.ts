import { hash } from 'node:crypto';
import { derivedId, type CommandContext } from '@runledger/event-store';
import { idOf } from '@runledger/kernel';

/** The run that an idempotency key names in its workspace. */
export function runIdOfKey(workspaceId: string, idempotencyKey: string): string {
  return idOf('run', derivedId(`${workspaceId}\n${idempotencyKey}`, 'run', 0));
}

/**
 * A time-ordered id (UUID version 7) that is the same whenever this very command is sent again, so that a start without
 * a key, sent twice by a transport, is one run (R1).
 */
export function runIdOfCommand(context: CommandContext, purpose: 'start' | 'decline'): string {
  const bytes = hash('sha256', `${context.workspaceId}\n${context.commandId}\n${purpose}`, 'buffer').subarray(0, 16);
  bytes.writeUIntBE(Date.parse(context.occurredAt), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  return idOf('run', uuid);
}

export function isRunId(text: string): boolean {
  return /^run_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}
