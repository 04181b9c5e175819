import type { eventsByCategory } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import type { Recorded } from '@runledger/projections';

type Lists = typeof eventsByCategory;

/** Any event of the platform, told apart by its type. */
export type PlatformEvent = { [Category in keyof Lists]: EventOf<Lists[Category]> }[keyof Lists];

export type EventName = PlatformEvent['type'];

/** Events of these names as a consumer gets them: the data of today's version, and where and when they were stored. */
export type ConsumedEvent<Name extends EventName = EventName> = Recorded<
  Extract<PlatformEvent, { readonly type: Name }>
>;
