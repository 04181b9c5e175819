import {
  EventTriggerCreated,
  EventTriggerDeleted,
  EventTriggerPaused,
  EventTriggerResumed,
} from '@runledger/contracts';
import { specify } from '@runledger/testing';
import { eventTriggers, MOST_TRIGGERS } from './event-trigger.decider.js';

const given = specify(eventTriggers);
const triggerId = 'trig_1';
const by = { kind: 'member' as const, id: 'mem_ada' };
const at = '2026-01-04T13:00:00.000Z';
const plan = {
  ...{ triggerId, name: 'Release what was built', event: 'RunCompleted', mapping: {} },
  start: { flow: 'release', parameters: {}, choices: {} },
  ...{ createdBy: by, createdAt: at },
};
const created = EventTriggerCreated(plan);
const paused = EventTriggerPaused({ triggerId, by, pausedAt: at });
const deleted = EventTriggerDeleted({ triggerId, by, deletedAt: at });
const asked = (type: 'PauseEventTrigger' | 'ResumeEventTrigger' | 'DeleteEventTrigger') => ({
  type,
  data: { triggerId, by, at },
});

describe('a trigger on events', () => {
  it('is made once', () => {
    given().when({ type: 'CreateEventTrigger', data: plan }).thenEmits(created);
    given(created).when({ type: 'CreateEventTrigger', data: plan }).thenEmits();
  });

  it('is paused and resumed, once each', () => {
    given(created).when(asked('PauseEventTrigger')).thenEmits(paused);
    given(created, paused).when(asked('PauseEventTrigger')).thenEmits();
    given(created, paused)
      .when(asked('ResumeEventTrigger'))
      .thenEmits(EventTriggerResumed({ triggerId, by, resumedAt: at }));
    given(created).when(asked('ResumeEventTrigger')).thenEmits();
    given(created, paused, EventTriggerResumed({ triggerId, by, resumedAt: at }))
      .when(asked('PauseEventTrigger'))
      .thenEmits(paused);
  });

  it('that is not there, or not any more, is not found', () => {
    given(created).when(asked('DeleteEventTrigger')).thenEmits(deleted);
    for (const verb of ['PauseEventTrigger', 'ResumeEventTrigger', 'DeleteEventTrigger'] as const) {
      given().when(asked(verb)).thenRejects('EVENT_TRIGGER_NOT_FOUND');
      given(created, deleted).when(asked(verb)).thenRejects('EVENT_TRIGGER_NOT_FOUND');
    }
  });

  it('is one of a number that a workspace can be held against each event with', () => {
    const many = Array.from({ length: MOST_TRIGGERS }, (_, n) =>
      EventTriggerCreated({ ...plan, triggerId: `trig_n${n}` }),
    );
    const command = { type: 'CreateEventTrigger' as const, data: plan };
    given(...many)
      .when(command)
      .thenRejects('TOO_MANY_EVENT_TRIGGERS');
    const [first] = many;
    const gone = EventTriggerDeleted({ triggerId: first?.data.triggerId ?? '', by, deletedAt: at });
    given(...many, gone)
      .when(command)
      .thenEmits(created);
  });
});
