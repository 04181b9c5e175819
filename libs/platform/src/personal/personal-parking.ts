import type { SharedCheckpoints } from '@runledger/event-store';
import { withReplaced } from '../observed/replaced-members.js';
import type { PersonalData } from './personal-data.js';

/**
 * Checkpoints whose parking keeps events as the log does: what is personal in them is sealed while they wait, however long that
 * is, and cannot be read there once its key is destroyed (E4).
 */
export function personalCheckpoints(checkpoints: SharedCheckpoints, personal: PersonalData): SharedCheckpoints {
  const { parking } = checkpoints;
  const sealing = withReplaced(parking, {
    park: async (lease, key, event, failure) =>
      parking.park(lease, key, await personal.sealed(event, event.tenant), failure),
    next: async (lease, key) => {
      const event = await parking.next(lease, key);
      return event && personal.opened(event);
    },
  });
  return withReplaced(checkpoints, { parking: sealing });
}
