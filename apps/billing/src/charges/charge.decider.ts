import { chargeEvents, ChargeRecorded } from '@runledger/contracts';
import type { ChargeEvent } from '@runledger/contracts';
import type { Decider, Rejection } from '@runledger/kernel';
import { hasId, noIds, withId } from './charged-ids.js';
import type { ChargedIds } from './charged-ids.js';

export interface RecordCharge {
  readonly type: 'RecordCharge';
  readonly data: ReturnType<typeof ChargeRecorded>['data'];
}

/** The charges of one run. The same usage reported twice is charged once (R1, M1). */
export const charges: Decider<RecordCharge, ChargedIds, ChargeEvent, Rejection<never>> = {
  category: 'charges',
  events: chargeEvents,
  initialState: () => noIds,
  evolve: (charged, event) => withId(charged, event.data.chargeId),
  decide: (command, charged) => (hasId(charged, command.data.chargeId) ? [] : [ChargeRecorded(command.data)]),
};
