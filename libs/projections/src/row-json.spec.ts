import { rowsAsJson } from './row-json.js';

const LARGE = 9_007_199_254_740_993n;

describe('rows as one JSON parameter', () => {
  it('writes bigints as text, in columns and deeper', () => {
    expect(JSON.parse(rowsAsJson([{ position: LARGE, at: 1 }, { detail: { position: LARGE } }]))).toEqual([
      { position: String(LARGE), at: 1 },
      { detail: { position: String(LARGE) } },
    ]);
  });

  it('leaves the rows that it was given as they are', () => {
    const row = Object.freeze({ position: LARGE });
    rowsAsJson([row]);
    expect(row).toEqual({ position: LARGE });
  });

  it('writes U+FFFD for what no text of PostgreSQL holds, beside bigints too', () => {
    const rows = [{ position: LARGE, text: 'nul \0, half \ud800', list: ['\udc00'] }];
    expect(JSON.parse(rowsAsJson(rows))).toEqual([
      { position: String(LARGE), text: 'nul \ufffd, half \ufffd', list: ['\ufffd'] },
    ]);
  });

  it('refuses a value that contains itself', () => {
    const row: Record<string, unknown> = {};
    row['self'] = row;
    expect(() => rowsAsJson([row])).toThrow(TypeError);
  });
});
