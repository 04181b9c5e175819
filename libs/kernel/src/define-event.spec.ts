import { EventCatalogue, UnknownEventError } from './catalogue.js';
import { defineEvent } from './define-event.js';

const text = { parse: (input: unknown) => input as { readonly grantedBy: string; readonly role: string } };
const Granted = defineEvent({
  type: 'Granted',
  version: 3, // 2: `by` became `grantedBy`; 3: `role` was added
  schema: text,
  upcast: {
    1: ({ by, ...rest }: { by: string }) => ({ ...rest, grantedBy: by }),
    2: (old: { grantedBy: string }) => ({ ...old, role: 'approver' }),
  },
});

describe('an event definition', () => {
  it('makes events of its type', () => {
    const data = { grantedBy: 'ada', role: 'owner' };
    expect(Granted(data)).toEqual({ type: 'Granted', data });
    expect([Granted.type, Granted.version, Granted.schema]).toEqual(['Granted', 3, text]);
  });

  it('cannot leave a shipped version without a way to today', () => {
    const upcast = { 2: (old: object) => old };
    expect(() => defineEvent({ type: 'Granted', version: 3, schema: text, upcast })).toThrow(/no upcast for version 1/);
  });
});

describe('the catalogue', () => {
  const catalogue = new EventCatalogue([Granted]);

  it('lifts every shipped version to today’s, step by step', () => {
    expect(catalogue.upcast('Granted', 1, { by: 'ada', note: 'n' })).toEqual({
      grantedBy: 'ada',
      role: 'approver',
      note: 'n',
    });
    expect(catalogue.upcast('Granted', 2, { grantedBy: 'ada' })).toEqual({ grantedBy: 'ada', role: 'approver' });
  });

  it('hands today’s data on as it is, and edits no stored data', () => {
    const today = Object.freeze({ grantedBy: 'ada', role: 'owner' });
    expect(catalogue.upcast('Granted', 3, today)).toBe(today);
    expect(() => catalogue.upcast('Granted', 1, Object.freeze({ by: 'ada' }))).not.toThrow();
  });

  it('says so when the log is newer than the program', () => {
    expect(() => catalogue.upcast('Granted', 4, {})).toThrow(/newer than version 3 known here; upgrade this service/);
    expect(() => catalogue.upcast('Unheard', 1, {})).toThrow(UnknownEventError);
    expect(() => catalogue.upcast('Granted', 0, {})).toThrow(/no upcast from version 0/);
  });

  it('knows each type once', () => {
    expect(new EventCatalogue([Granted, Granted]).definitions()).toEqual([Granted]);
    expect(catalogue.find('Granted')).toBe(Granted);
    expect(catalogue.find('Unheard')).toBeUndefined();
    const Impostor = defineEvent({ type: 'Granted', version: 1, schema: text });
    expect(() => new EventCatalogue([Granted, Impostor])).toThrow(/Two definitions of event Granted/);
  });
});
