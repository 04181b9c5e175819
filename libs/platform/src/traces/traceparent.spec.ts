import { readTraceparent, writeTraceparent } from './traceparent.js';

const TEXT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a traceparent', () => {
  it('is read and written without loss', () => {
    expect(writeTraceparent(readTraceparent(TEXT))).toBe(TEXT);
    expect(readTraceparent(TEXT)).toMatchObject({ traceFlags: 1, isRemote: true });
  });

  it('of a later version is understood as far as this one goes', () => {
    expect(writeTraceparent(readTraceparent(TEXT.replace('00-', 'cc-') + '-more'))).toBe(TEXT);
  });

  it.each([
    undefined,
    '',
    'nonsense',
    TEXT.toUpperCase(),
    TEXT.replace('00-', 'ff-'),
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
  ])('that names no place is none: %s', text => {
    expect(readTraceparent(text)).toBeUndefined();
  });

  it('is not written for a span that nobody records', () => {
    expect(writeTraceparent(undefined)).toBeUndefined();
    expect(writeTraceparent({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 })).toBeUndefined();
  });
});
