import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateSchema } from '@runledger/event-store';
import { FileKeys, givenKeys, resealVaults, UnsealableSecretError, Vault, VaultKeyError } from '@runledger/platform';
import type { VaultKeys } from '@runledger/platform';
import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { SANDBOX_SCHEMA } from '../workers/work-tables.js';

const SECRET = 'sk-very-secret-0123456789';
const [OLD, NEW] = ['1'.repeat(64), '2'.repeat(64)];
const secrets = (value: string) => new Map([['apiKey', value]]);

describe('the vault', () => {
  const directory = mkdtempSync(join(tmpdir(), 'runledger-vault-'));
  const file = join(directory, 'vault.key');
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await testDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 8 });
    await migrateSchema(pool, SANDBOX_SCHEMA);
  });
  beforeEach(async () => {
    await pool.query('TRUNCATE sandbox.vault');
    rmSync(file, { force: true });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  const vaultOf = (keys: VaultKeys) => new Vault(pool, keys, 'sandbox.vault');
  const vault = () => vaultOf(new FileKeys(file));
  const at = (workspaceId: string, name = 'claude.apiKey') => ({ workspaceId, name });

  it('keeps a secret of a workspace under a key that only the owner of its file can read', async () => {
    await vault().put('ws_a', 'claude', secrets(SECRET));
    expect(await vault().get(at('ws_a'))).toBe(SECRET);
    expect(await vault().get(at('ws_b'))).toBeUndefined();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { rows } = await pool.query('SELECT * FROM sandbox.vault');
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(SECRET).toString('hex'));
    expect(Buffer.concat(rows.map(row => (row as { sealed: Buffer }).sealed)).includes(SECRET)).toBe(false);
  });

  it('seals the same secret differently each time', async () => {
    await vault().put('ws_a', 'one', secrets(SECRET));
    await vault().put('ws_a', 'two', secrets(SECRET));
    const { rows } = await pool.query<{ sealed: Buffer }>('SELECT sealed FROM sandbox.vault');
    expect(rows[0]!.sealed.equals(rows[1]!.sealed)).toBe(false);
  });

  it('makes one key when several processes need it first', async () => {
    await Promise.all(Array.from({ length: 6 }, (_, at) => vault().put('ws_a', `i${at}`, secrets(SECRET))));
    for (let i = 0; i < 6; i += 1) expect(await vault().get(at('ws_a', `i${i}.apiKey`))).toBe(SECRET);
  });

  it.each([
    ['to another workspace', "UPDATE sandbox.vault SET workspace_id = 'ws_b'", at('ws_b')],
    ['to another name', "UPDATE sandbox.vault SET name = 'other.apiKey'", at('ws_a', 'other.apiKey')],
    ['by a bit', 'UPDATE sandbox.vault SET sealed = set_bit(sealed, 250, 1 - get_bit(sealed, 250))', at('ws_a')],
  ])('does not open a secret that was moved %s', async (_how, statement, place) => {
    await vault().put('ws_a', 'claude', secrets(SECRET));
    await pool.query(statement);
    await expect(vault().get(place)).rejects.toThrow(UnsealableSecretError);
  });

  it('destroys what an integration no longer has', async () => {
    await vault().put('ws_a', 'git', new Map([...secrets('a'), ['token', 'b']]));
    await vault().put('ws_a', 'git', new Map([['token', 'c']]));
    expect(await vault().get(at('ws_a', 'git.apiKey'))).toBeUndefined();
    expect(await vault().get(at('ws_a', 'git.token'))).toBe('c');
    await vault().forget('ws_a', 'git');
    expect((await pool.query('SELECT FROM sandbox.vault')).rowCount).toBe(0);
  });

  it('is sealed anew under a new key while others write, and the old key opens nothing any more', async () => {
    for (let i = 0; i < 30; i += 1) await vault().put('ws_a', `i${i}`, secrets(`${SECRET}-${i}`));
    const old = readFileSync(file, 'utf8');
    const keys = new FileKeys(file);
    const [report] = await Promise.all([
      resealVaults(pool, keys, ['sandbox.vault']),
      ...Array.from({ length: 10 }, (_, i) => vault().put('ws_a', `late${i}`, secrets(`${SECRET}-late`))),
    ]);
    expect(report.resealed).toBeGreaterThanOrEqual(30);
    for (let i = 0; i < 30; i += 1) expect(await vault().get(at('ws_a', `i${i}.apiKey`))).toBe(`${SECRET}-${i}`);
    for (let i = 0; i < 10; i += 1) expect(await vault().get(at('ws_a', `late${i}.apiKey`))).toBe(`${SECRET}-late`);
    expect(readFileSync(file, 'utf8')).not.toContain(old.trim());
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { rows } = await pool.query<{ key_id: string }>('SELECT DISTINCT key_id FROM sandbox.vault');
    expect(rows.map(row => row.key_id)).toEqual([report.keyId]);
  });

  it('goes on with a rotation that was cut off: both keys open until it is done', async () => {
    await vault().put('ws_a', 'claude', secrets(SECRET));
    const keys = new FileKeys(file);
    await keys.begin();
    const begun = readFileSync(file, 'utf8');
    expect(await vault().get(at('ws_a'))).toBe(SECRET);
    await resealVaults(pool, keys, ['sandbox.vault']);
    expect(begun.startsWith(readFileSync(file, 'utf8').trim())).toBe(true);
    expect(await vault().get(at('ws_a'))).toBe(SECRET);
  });

  it('is sealed anew where the file of the keys cannot be written, when a new one was put there before', async () => {
    writeFileSync(file, `${OLD}\n`);
    await vault().put('ws_a', 'claude', secrets(SECRET));
    const keys = new FileKeys(file);
    await readOnly(directory, async () => {
      const refused = resealVaults(pool, keys, ['sandbox.vault']);
      await expect(refused).rejects.toMatchObject({ code: 'UNCHANGEABLE_VAULT_KEY' });
    });
    expect(readFileSync(file, 'utf8')).toBe(`${OLD}\n`);
    writeFileSync(file, `${NEW}\n${OLD}\n`);
    await readOnly(directory, async () => {
      expect(await resealVaults(pool, keys, ['sandbox.vault'])).toMatchObject({ resealed: 1, kept: 1, spareKeys: 1 });
    });
    writeFileSync(file, `${NEW}\n`);
    expect(await vault().get(at('ws_a'))).toBe(SECRET);
  });

  it('takes its keys from the environment where they are given there: the first seals, the others open', async () => {
    await vaultOf(givenKeys(OLD)).put('ws_a', 'claude', secrets(SECRET));
    await expect(vaultOf(givenKeys(NEW)).get(at('ws_a'))).rejects.toThrow(UnsealableSecretError);
    const both = givenKeys(`${NEW},${OLD}`);
    expect(await vaultOf(both).get(at('ws_a'))).toBe(SECRET);
    await resealVaults(pool, both, ['sandbox.vault']);
    expect(await vaultOf(givenKeys(NEW)).get(at('ws_a'))).toBe(SECRET);
  });

  it('says which file is broken, and never what is in it', async () => {
    writeFileSync(file, 'not a key at all');
    await expect(vault().put('ws_a', 'claude', secrets(SECRET))).rejects.toThrow(VaultKeyError);
    await expect(vault().put('ws_a', 'claude', secrets(SECRET))).rejects.not.toThrow(/not a key at all/);
  });
});

/** As where a secret is mounted: what is there can be read, and nothing can be put beside it. Root may write everywhere, so it is not root meanwhile. */
async function readOnly(directory: string, work: () => Promise<void>): Promise<void> {
  chmodSync(directory, 0o555);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(directory, 0o700);
  }
}
