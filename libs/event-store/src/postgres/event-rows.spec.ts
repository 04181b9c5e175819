import { toEvent } from './event-rows.js';

const metadata = (by: string) => JSON.stringify({ correlationId: 'run_1', actor: { kind: 'member', id: by } });
const rowWith = (text: string) => ['7', 'id', 'Said', '{}', text, 'ws', 'run-1', '0', '2026-11-21 02:28:47.1+00'];

describe('an event as it was stored', () => {
  it('keeps its own metadata beside others, and nobody can change it for them', () => {
    const [ada, again, bob] = [metadata('ada'), metadata('ada'), metadata('bob')].map(text => toEvent(rowWith(text)));
    expect([ada, again, bob].map(event => event?.metadata.actor.id)).toEqual(['ada', 'ada', 'bob']);
    expect(() => Object.assign(again?.metadata.actor ?? {}, { id: 'eve' })).toThrow(TypeError);
    expect(() => Object.assign(again?.metadata ?? {}, { correlationId: 'run_2' })).toThrow(TypeError);
    expect(ada?.metadata).toEqual({ correlationId: 'run_1', actor: { kind: 'member', id: 'ada' } });
    expect(ada?.recordedAt).toBe('2026-11-21T02:28:47.100Z');
  });
});
