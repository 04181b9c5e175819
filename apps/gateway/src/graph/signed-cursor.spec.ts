import { CursorSigner } from './signed-cursor.js';

describe('the cursor of a list', () => {
  const signer = new CursorSigner(Buffer.alloc(32, 1));
  const list = ['runs', 'ws_acme', { status: ['PAUSED'] }];

  it('leads back to its place in its list', () => {
    expect(signer.open(list, signer.seal(list, ['2026', 7, null]))).toEqual(['2026', 7, null]);
  });

  it('is worth nothing when touched, in another list, or of another installation', () => {
    const cursor = signer.seal(list, ['2026', 7]);
    const bytes = Buffer.from(cursor, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const touched = Buffer.from(bytes);
      touched[index] = (touched[index] ?? 0) ^ 1;
      expect(() => signer.open(list, touched.toString('base64url'))).toThrow('does not belong');
    }
    const other = new CursorSigner(Buffer.alloc(32, 2));
    expect(() => other.open(list, cursor)).toThrow('does not belong');
    expect(() => signer.open([...list, 'x'], cursor)).toThrow('does not belong');
    for (const nonsense of ['', 'a', 'W10', '../..'])
      expect(() => signer.open(list, nonsense)).toThrow('does not belong');
  });
});
