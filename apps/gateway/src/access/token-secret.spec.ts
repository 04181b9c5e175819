import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSecretBytes } from '@runledger/platform';
import { hashSecret, isSecret, mintToken, readToken, showToken } from './token-secret.js';

describe('the secret of a token', () => {
  const pepper = Buffer.alloc(32, 1);

  it('is proven by what was shown once, and by nothing else', () => {
    const minted = mintToken();
    const hash = hashSecret(pepper, minted.secret);
    expect(readToken(showToken(minted))).toEqual(minted);
    expect(isSecret(pepper, minted.secret, hash)).toBe(true);
    expect(isSecret(pepper, mintToken().secret, hash)).toBe(false);
    expect(isSecret(Buffer.alloc(32, 2), minted.secret, hash)).toBe(false);
    expect(isSecret(pepper, minted.secret, '')).toBe(false);
  });

  it('is not read from what has not the form of a token', () => {
    const shown = showToken(mintToken());
    for (const text of ['', 'rl_', shown.slice(1), `${shown}A`, shown.replace('rl_', 'RL_'), `${shown}\n`]) {
      expect(readToken(text)).toBeUndefined();
    }
  });
});

describe('the pepper', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-pepper-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is made once, by whoever comes first, and is for its owner only', async () => {
    const file = join(folder, 'secrets', 'pepper');
    const opened = await Promise.all(Array.from({ length: 8 }, () => openSecretBytes(file)));
    expect(new Set(opened.map(pepper => pepper.toString('hex'))).size).toBe(1);
    expect(opened[0]).toHaveLength(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is never replaced when its file is broken: every token would be lost', async () => {
    const file = join(folder, 'broken');
    writeFileSync(file, 'abc');
    await expect(openSecretBytes(file)).rejects.toMatchObject({ code: 'BROKEN_SECRET' });
  });
});
