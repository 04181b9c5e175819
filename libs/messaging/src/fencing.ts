import { Fault } from '@runledger/kernel';

/** True when a newer owner has taken the consumer over (R3). */
export function isFenced(error: unknown): boolean {
  return error instanceof Fault && error.code === 'FENCED';
}
