import { isStorable, storableText } from './storable-text.js';

describe('text that a store takes', () => {
  it('is any whole characters, the empty text included', () => {
    for (const text of ['', 'Grüße', '🙂', '\ud83d\ude42', '\\ud800', '\\u0000', '\n\t\u0001'])
      expect([text, isStorable(text), storableText(text)]).toEqual([text, true, text]);
  });
  it('has no NUL and no half of a surrogate pair, which a mark takes the place of', () => {
    const marked = ['x\ufffdy', '\ufffd', 'a\ufffd', '\ufffd\ufffd'];
    expect(['x\0y', '\ud83d', 'a\ude42', '\ude42\ud83d'].map(isStorable)).toEqual([false, false, false, false]);
    expect(['x\0y', '\ud83d', 'a\ude42', '\ude42\ud83d'].map(storableText)).toEqual(marked);
  });
  it('comes of every text, and is then left as it is', () => {
    const units = ['a', '\0', '\ud83d', '\ude42', '\ufffd'];
    const longer = (texts: readonly string[]) => texts.flatMap(text => units.map(unit => text + unit));
    const texts = [...longer(['']), ...longer(longer([''])), ...longer(longer(longer([''])))];
    for (const text of texts) {
      const stored = storableText(text);
      expect([isStorable(stored), storableText(stored), stored.length]).toEqual([true, stored, text.length]);
      expect(stored === text).toBe(isStorable(text));
    }
  });
});
