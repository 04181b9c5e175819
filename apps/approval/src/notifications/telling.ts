import type { RunStarted } from '@runledger/contracts';
import type { RecordedEvent } from '@runledger/event-store';
import type { ApprovalState } from '../approvals/approval-state.js';
import type { Channel } from './channels.decider.js';
import type { Queued } from './notice.decider.js';

/** One notice with everything that may be said in it. */
export interface Telling {
  readonly workspaceId: string;
  readonly notice: Queued;
  readonly channel: Channel;
  /** What happened, in today's version; undefined: it is a test. */
  readonly event: RecordedEvent | undefined;
  /** Of the run that it is about. */
  readonly started: ReturnType<typeof RunStarted>['data'] | undefined;
  /** The request that it is about, as it is now. */
  readonly request: ApprovalState;
}

/** `reference`: what the other side calls the message. `dropped`: why there was nothing to be said any more. */
export type Told = { readonly reference?: string } | { readonly dropped: string };

/** Hands one notice over to the other side of a channel. Throws `DeliveryError` when it is not taken. */
export interface Teller {
  tell(telling: Telling): Promise<Told>;
}
