import fc from 'fast-check';
import { uuidArray } from './binary-array.js';

describe('an array of UUIDs as PostgreSQL reads it', () => {
  it('holds each with its length, however it was written', () => {
    const written = fc.tuple(fc.uuid(), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(fc.array(written, { maxLength: 5 }), ids => {
        const texts = ids.map(([id, isUpper, isBare]) => {
          const text = isBare ? id.replaceAll('-', '') : id;
          return isUpper ? text.toUpperCase() : text;
        });
        const bare = ids.map(([id]) => `00000010${id.replaceAll('-', '')}`);
        expect(uuidArray(texts).subarray(20).toString('hex')).toBe(bare.join(''));
      }),
    );
  });
});
