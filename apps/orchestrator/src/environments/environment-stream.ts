import { createHash } from 'node:crypto';
import { streamOf } from '@runledger/kernel';

/** Names may hold anything. */
export function environmentStream(name: string): string {
  return streamOf('environment', createHash('sha256').update(name).digest('hex').slice(0, 32));
}
