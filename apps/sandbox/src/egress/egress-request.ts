import type { Destination } from './egress-policy.js';

/** A request that left a sandbox, or did not. */
export interface EgressRequest extends Destination {
  /** `CONNECT` for what is encrypted. */
  readonly method: string;
  /** Undefined: it went through. */
  readonly refused?: string;
}
