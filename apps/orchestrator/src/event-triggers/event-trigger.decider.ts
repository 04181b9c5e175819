import {
  EventTriggerCreated,
  EventTriggerDeleted,
  eventTriggerEvents,
  EventTriggerPaused,
  EventTriggerResumed,
} from '@runledger/contracts';
import type { EventTriggerEvent } from '@runledger/contracts';
import { reject, type Decider, type Rejection } from '@runledger/kernel';

type Created = ReturnType<typeof EventTriggerCreated>['data'];

interface Asked {
  readonly triggerId: string;
  readonly by: Created['createdBy'];
  readonly at: string;
}

export type EventTriggerCommand =
  | { readonly type: 'CreateEventTrigger'; readonly data: Created }
  | { readonly type: 'PauseEventTrigger' | 'ResumeEventTrigger' | 'DeleteEventTrigger'; readonly data: Asked };

export interface EventTrigger {
  readonly plan: Created;
  readonly active: boolean;
}

/** The triggers of one workspace, by id. */
export type EventTriggers = ReadonlyMap<string, EventTrigger>;

export type EventTriggerRefusal = Rejection<'EVENT_TRIGGER_NOT_FOUND' | 'TOO_MANY_EVENT_TRIGGERS'>;

/** Each is looked at whenever an event of its type happens. */
export const MOST_TRIGGERS = 100;

/** Which events start runs in one workspace, in one story: an event is held against all of them. */
export const eventTriggers: Decider<EventTriggerCommand, EventTriggers, EventTriggerEvent, EventTriggerRefusal> = {
  category: 'trigger',
  events: eventTriggerEvents,
  initialState: () => new Map(),
  evolve: afterEventTriggerEvent,
  decide: (command, state) => {
    const { triggerId } = command.data;
    const known = state.get(triggerId);
    if (command.type === 'CreateEventTrigger') {
      if (known) return [];
      return state.size < MOST_TRIGGERS ? [EventTriggerCreated(command.data)] : tooMany();
    }
    if (!known) return triggerNotFound();
    const { by, at } = command.data;
    switch (command.type) {
      case 'PauseEventTrigger':
        return known.active ? [EventTriggerPaused({ triggerId, by, pausedAt: at })] : [];
      case 'ResumeEventTrigger':
        return known.active ? [] : [EventTriggerResumed({ triggerId, by, resumedAt: at })];
      case 'DeleteEventTrigger':
        return [EventTriggerDeleted({ triggerId, by, deletedAt: at })];
    }
  },
};

export function afterEventTriggerEvent(state: EventTriggers, event: EventTriggerEvent): EventTriggers {
  const { triggerId } = event.data;
  const after = new Map(state);
  const known = state.get(triggerId);
  switch (event.type) {
    case 'EventTriggerCreated':
      return after.set(triggerId, { plan: event.data, active: true });
    case 'EventTriggerPaused':
      return known ? after.set(triggerId, { ...known, active: false }) : state;
    case 'EventTriggerResumed':
      return known ? after.set(triggerId, { ...known, active: true }) : state;
    case 'EventTriggerDeleted':
      after.delete(triggerId);
      return after;
  }
}

function tooMany(): EventTriggerRefusal {
  const message = `A workspace has at most ${MOST_TRIGGERS} triggers on events.`;
  return reject('TOO_MANY_EVENT_TRIGGERS', message, { fix: 'Delete one that is not needed any more.' });
}

function triggerNotFound(): EventTriggerRefusal {
  return reject('EVENT_TRIGGER_NOT_FOUND', 'There is no such trigger.', { fix: 'Look at the list of triggers.' });
}
