import { eventTriggerEvents, RunDeclined, RunStarted } from '@runledger/contracts';
import type { EventTriggerCreated, EventTriggerEvent } from '@runledger/contracts';
import type { EventOf } from '@runledger/kernel';
import { defineView } from '@runledger/projections';
import { keyIn } from '../reads/row-key.js';

type Start = EventOf<readonly [typeof RunStarted, typeof RunDeclined]>;

/** One start that a trigger asked for. */
export interface TriggerFiring {
  /** The event that it was about. */
  readonly eventId: string;
  readonly firedAt: string;
  readonly runId?: string;
  readonly declined?: { readonly code: string; readonly message: string };
}

export type EventTriggerView = EventOf<readonly [typeof EventTriggerCreated]>['data'] & {
  readonly status: 'ACTIVE' | 'PAUSED';
  /** The newest first. */
  readonly firings: readonly TriggerFiring[];
};

const MOST_FIRINGS = 20;

/** Which events start runs, and what they have started lately. Run whole: a trigger's runs have stories of their own. */
export const eventTriggersProjection = defineView<EventTriggerView, EventTriggerEvent | Start>({
  name: 'event-triggers',
  version: 1,
  table: 'event_triggers',
  types: [...eventTriggerEvents.map(event => event.type), RunStarted.type, RunDeclined.type],
  key: event => {
    if (event.type !== 'RunStarted' && event.type !== 'RunDeclined') return keyIn(event.tenant, event.data.triggerId);
    const { kind, ref } = event.data.trigger;
    return kind === 'event' && ref !== undefined ? keyIn(event.tenant, ref) : undefined;
  },
  evolve: (view, event) => {
    if (event.type === 'EventTriggerCreated') return { ...event.data, status: 'ACTIVE', firings: [] };
    if (!view) return undefined;
    switch (event.type) {
      case 'EventTriggerPaused':
        return { ...view, status: 'PAUSED' };
      case 'EventTriggerResumed':
        return { ...view, status: 'ACTIVE' };
      case 'EventTriggerDeleted':
        return undefined;
      case 'RunStarted': {
        const { runId, startedAt } = event.data;
        return fired(view, { eventId: event.metadata.causationId, firedAt: startedAt, runId });
      }
      case 'RunDeclined': {
        const { code, message, declinedAt } = event.data;
        return fired(view, { eventId: event.metadata.causationId, firedAt: declinedAt, declined: { code, message } });
      }
    }
  },
  columns: (view, key) => ({ workspace_id: key.slice(0, key.indexOf('/')), created_at: view.createdAt }),
});

function fired(view: EventTriggerView, firing: TriggerFiring): EventTriggerView {
  return { ...view, firings: [firing, ...view.firings].slice(0, MOST_FIRINGS) };
}
