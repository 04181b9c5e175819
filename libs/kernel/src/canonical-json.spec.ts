import { canonicalJson } from './canonical-json.js';

describe('canonical JSON', () => {
  it('gives the text of RFC 8785, section 3.2.2', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts names by UTF-16 code units, as in RFC 8785, section 3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(Object.values(JSON.parse(canonicalJson(value)) as object).sort()).toEqual(Object.values(value).sort());
    expect([...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map(match => match[1])).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [1e21, '1e+21'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [333333333.3333332, '333333333.3333332'],
    [-0.0000033333333333333333, '-0.0000033333333333333333'],
    [1424953923781206.25, '1424953923781206.2'],
  ])('writes the number %p as in RFC 8785, appendix B', (number, text) => {
    expect(canonicalJson(number)).toBe(text);
  });

  it('sorts the names that are out of order only at the end, at any depth', () => {
    expect(
      canonicalJson([{ a: 1, b: { x: true, y: false, w: null }, '': undefined, '10': 0, '9': -0 }, undefined]),
    ).toBe('[{"10":0,"9":0,"a":1,"b":{"w":null,"x":true,"y":false}},null]');
  });

  it('writes any character of text and names as JSON does', () => {
    for (let code = 0; code < 0x3000; code += 1) {
      const text = `a${String.fromCharCode(code)}`;
      expect(canonicalJson({ [text]: text })).toBe(JSON.stringify({ [text]: text }));
    }
  });

  it('gives equal values equal text, whatever order they were built in', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: 'x' })).toBe(canonicalJson({ a: 'x', b: [{ c: 2, d: 1 }] }));
    expect(canonicalJson({ b: 1, a: undefined })).toBe('{"b":1}');
    expect(canonicalJson([undefined, 1])).toBe('[null,1]');
  });

  it('refuses what has no JSON form', () => {
    for (const value of [NaN, Infinity, undefined, () => 1, Symbol('s'), 1n]) {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    }
    expect(() => canonicalJson({ deep: [Number.NaN] })).toThrow(/no JSON form/);
  });

  it('keeps text that was cut within a character, in a form that reads back the same', () => {
    const cut = '\ud83d\ude00'.slice(0, 1);
    expect(canonicalJson(cut)).toBe(String.raw`"\ud83d"`);
    expect(JSON.parse(canonicalJson({ [cut]: cut }))).toEqual({ [cut]: cut });
  });
});
