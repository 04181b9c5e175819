import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeServiceKeys, readPublicKeys, readSigningKey } from './service-keys.js';
import { ServiceTokenCheck, ServiceTokenSigner } from './service-tokens.js';

describe('the keys of an installation', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runledger-keys-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const contents = () => readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]);

  it('are made once, also by many at the same time, and fit each other', async () => {
    await Promise.all([1, 2, 3].map(() => makeServiceKeys(folder, ['gateway', 'orchestrator'])));
    const made = contents();
    await makeServiceKeys(folder, ['gateway', 'orchestrator']);
    expect(contents()).toEqual(made);
    expect(readdirSync(folder)).toEqual(['gateway.key', 'gateway.pub', 'orchestrator.key', 'orchestrator.pub']);
    const purpose = { service: 'billing', command: 'Do', commandId: 'c1', body: '{}' };
    const token = await new ServiceTokenSigner('gateway', await readSigningKey(folder, 'gateway')).sign(purpose);
    const check = new ServiceTokenCheck({ keys: await readPublicKeys(folder, ['gateway']), callers: ['gateway'] });
    expect(await check.callerOf(token, purpose)).toBe('gateway');
  });

  it('keep what proves who a service is from other users of the machine', async () => {
    await makeServiceKeys(folder, ['gateway']);
    expect(statSync(join(folder, 'gateway.key')).mode & 0o077).toBe(0);
  });

  it('that are missing or broken are named, and never shown', async () => {
    await expect(readSigningKey(folder, 'gateway')).rejects.toMatchObject({
      code: 'SERVICE_KEY',
      fields: { file: join(folder, 'gateway.key') },
    });
    writeFileSync(join(folder, 'gateway.pub'), 'very-quiet');
    const read = readPublicKeys(folder, ['gateway']);
    await expect(read).rejects.toThrow(/gateway\.pub should hold an Ed25519 key/);
    await expect(read).rejects.not.toThrow(/very-quiet/);
  });
});
