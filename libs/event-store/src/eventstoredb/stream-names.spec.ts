import { fromWireName, OUR_STREAMS, toWireName } from './stream-names.js';

const STREAMS = [
  { tenant: 'ws_acme', name: 'run-0199.draft.1' },
  { tenant: 'ws_acme', name: 'ratecard-default' },
  { tenant: '', name: 'run-1' },
  { tenant: 'a@b', name: 'c@d-1' },
  { tenant: 'b', name: 'c@d-1@a' },
  { tenant: 'ws', name: '$settings' },
  { tenant: '$ws', name: '$$run-1' },
  { tenant: 'ws', name: 'run-%40' },
  { tenant: 'ws', name: 'run-@' },
  { tenant: 'wörk space', name: 'läuf-漢字-👩‍🚀' },
];

describe('the name of a stream on the server', () => {
  it('begins with the category, so that the server can gather streams by it', () => {
    expect(toWireName({ tenant: 'ws_acme', name: 'run-1' })).toBe('run-1@ws_acme');
  });

  it.each(STREAMS)('leads back to the workspace and name $tenant $name', stream => {
    expect(fromWireName(toWireName(stream))).toEqual(stream);
  });

  it('is different for each stream, in ASCII, and never that of a system stream', () => {
    const names = STREAMS.map(toWireName);
    expect(new Set(names).size).toBe(STREAMS.length);
    for (const name of names) expect(name).toMatch(/^[\x21-\x23\x25-\x7e][\x21-\x7e]*$/);
    for (const name of names) expect(name).toMatch(new RegExp(OUR_STREAMS));
  });

  it.each(['$ce-run', '$$run-1@ws', 'orders-1', 'mail@example@org', 'run-%4', 'run-%61@ws', 'läuf-1@ws', '@ws'])(
    'is not %s: that stream belongs to somebody else',
    name => {
      expect(fromWireName(name)).toBeUndefined();
    },
  );
});
