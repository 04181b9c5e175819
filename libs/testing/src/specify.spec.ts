import { defineEvent, reject } from '@runledger/kernel';
import type { Decider, EventOf, Rejection } from '@runledger/kernel';
import { z } from 'zod';
import { specify } from './specify.js';

const Opened = defineEvent({ type: 'Opened', version: 1, schema: z.object({ by: z.string().min(1) }) });
const Shut = defineEvent({ type: 'Shut', version: 1, schema: z.object({ times: z.number().default(1) }) });
const doorEvents = [Opened, Shut] as const;
type DoorEvent = EventOf<typeof doorEvents>;
type DoorCommand =
  { readonly type: 'open'; readonly by: string } | { readonly type: 'shut' } | { readonly type: 'forget' };
interface DoorState {
  open: boolean;
}

const door: Decider<DoorCommand, DoorState, DoorEvent, Rejection<'AlreadyOpen' | 'Forgetful'>> = {
  category: 'door',
  events: doorEvents,
  initialState: () => ({ open: false }),
  evolve: (_state, event) => ({ open: event.type === 'Opened' }),
  decide: (command, state) => {
    switch (command.type) {
      case 'open':
        return state.open ? reject('AlreadyOpen', 'It is open.') : [Opened({ by: command.by })];
      case 'shut':
        return state.open ? [Shut({ times: 1 })] : [];
      case 'forget':
        state.open = false; // edits the state in place: what a decider must not do
        return [];
    }
  },
};
const given = specify(door);

describe('the rule book of a decider', () => {
  it('holds for emitted events, refusals and nothing to do', () => {
    given()
      .when({ type: 'open', by: 'ada' })
      .thenEmits(Opened({ by: 'ada' }));
    given(Opened({ by: 'ada' }))
      .when({ type: 'open', by: 'eve' })
      .thenRejects('AlreadyOpen');
    given().when({ type: 'shut' }).thenNothing();
  });

  it('fails when other events, none, or a refusal come out', () => {
    const opened = given().when({ type: 'open', by: 'ada' });
    expect(() => opened.thenEmits(Opened({ by: 'eve' }))).toThrow(/eve/);
    expect(() => opened.thenNothing()).toThrow();
    expect(() => opened.thenRejects('AlreadyOpen')).toThrow();
    expect(() =>
      given(Opened({ by: 'ada' }))
        .when({ type: 'open', by: 'eve' })
        .thenNothing(),
    ).toThrow();
    const refused = given(Opened({ by: 'ada' })).when({ type: 'open', by: 'eve' });
    expect(() => refused.thenRejects('Forgetful')).toThrow(/Forgetful/);
  });

  it('refuses histories that cannot exist', () => {
    expect(() => given(Opened({ by: '' })).when({ type: 'shut' })).toThrow();
    const Stranger = defineEvent({ type: 'Opened2', version: 1, schema: z.object({}) });
    expect(() => given(Stranger({}) as unknown as DoorEvent).when({ type: 'shut' })).toThrow(/not in the decider/);
  });

  it('refuses events that would not be stored as they were said', () => {
    const incomplete = { type: 'Shut', data: {} } as DoorEvent;
    expect(() => given(incomplete).when({ type: 'shut' })).toThrow(/stored differently/);
    expect(() => given().when({ type: 'open', by: '' })).toThrow();
  });

  it('catches a decider that edits its state', () => {
    expect(() => given(Opened({ by: 'ada' })).when({ type: 'forget' })).toThrow(/read only|read-only/);
  });
});
