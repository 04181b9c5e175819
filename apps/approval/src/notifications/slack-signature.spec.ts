import { checkSlack } from './slack-signature.js';

/** The example that Slack publishes (docs.slack.dev, verifying requests from Slack). */
const SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const PUBLISHED = {
  timestamp: '1531420618',
  signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
};
const THEN_MS = 1_531_420_618_000;

describe('a click that Slack signed', () => {
  it('is known by the signature of the example that Slack publishes, for five minutes', () => {
    expect(checkSlack(SECRET, PUBLISHED, THEN_MS)).toBe('good');
    expect(checkSlack(SECRET, PUBLISHED, THEN_MS + 300_000)).toBe('good');
    expect(checkSlack(SECRET, PUBLISHED, THEN_MS + 300_001)).toBe('stale');
    expect(checkSlack(SECRET, PUBLISHED, THEN_MS - 300_001)).toBe('stale');
  });

  it.each([
    ['another body', { body: `${PUBLISHED.body}&x=1` }],
    ['another time', { timestamp: '1531420619' }],
    ['no time', { timestamp: '' }],
    ['a time that is none', { timestamp: '1531420618 ' }],
    ['no signature', { signature: '' }],
    ['half a signature', { signature: PUBLISHED.signature.slice(0, 20) }],
    ['another version', { signature: PUBLISHED.signature.replace('v0', 'v1') }],
  ])('is refused with %s', (_what, change) => {
    expect(checkSlack(SECRET, { ...PUBLISHED, ...change }, THEN_MS)).toBe('bad');
  });

  it('is refused when it was signed with another secret', () => {
    expect(checkSlack('another secret', PUBLISHED, THEN_MS)).toBe('bad');
  });
});
