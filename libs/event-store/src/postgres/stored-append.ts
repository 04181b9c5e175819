import type { AppendRequest } from '../append-request.js';
import type { Position } from '../port.js';

/** One append as the store took it. */
export interface StoredAppend {
  readonly request: AppendRequest;
  /** Revision of its first event. */
  readonly first: number;
  /** Of its events, in their order. */
  readonly positions: readonly Position[];
  /** ISO 8601. */
  readonly recordedAt: string;
}
