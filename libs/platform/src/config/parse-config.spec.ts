import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { InvalidConfigError, parseConfig } from './parse-config.js';

const schema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4_000).describe('a TCP port, such as 4000'),
  DATABASE_URL: z.url().optional().describe('the address of a PostgreSQL server'),
  CURSOR_KEY: z.string().min(32).describe('at least 32 random characters'),
});
const key = 'k'.repeat(32);

function problemsOf(environment: Record<string, string>): InvalidConfigError {
  try {
    parseConfig(schema, environment);
  } catch (error) {
    if (error instanceof InvalidConfigError) return error;
  }
  throw new Error('The environment was accepted.');
}

describe('the environment of a service', () => {
  it('is read into typed values with defaults', () => {
    expect(parseConfig(schema, { PORT: '8080', CURSOR_KEY: key, PATH: '/bin' })).toEqual({
      PORT: 8080,
      CURSOR_KEY: key,
    });
    expect(parseConfig(schema, { CURSOR_KEY: key }).PORT).toBe(4_000);
  });

  it('may leave a variable empty instead of out', () => {
    expect(parseConfig(schema, { PORT: '', DATABASE_URL: '', CURSOR_KEY: key })).toEqual({
      PORT: 4_000,
      CURSOR_KEY: key,
    });
  });

  it('is refused with every bad variable and what to set it to', () => {
    const error = problemsOf({ PORT: 'http', DATABASE_URL: 'nowhere' });
    expect(error.problems.map(({ variable, fix }) => `${variable}: ${fix}`)).toEqual([
      'PORT: Set it to a TCP port, such as 4000, or leave it out.',
      'DATABASE_URL: Set it to the address of a PostgreSQL server, or leave it out.',
      'CURSOR_KEY: Set it to at least 32 random characters.',
    ]);
    expect(error.message).toMatch(/PORT.*\n.*DATABASE_URL.*\n.*CURSOR_KEY: is not set/);
  });

  it('never shows the value of a bad variable', () => {
    const error = problemsOf({ CURSOR_KEY: 'too-short-but-secret', DATABASE_URL: 'hunter2' });
    expect(JSON.stringify([error.message, error.fields])).not.toMatch(/too-short|hunter2/);
  });

  describe('may be in files', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'runledger-config-'));
      writeFileSync(join(folder, 'key'), `${key}\n`);
      writeFileSync(join(folder, 'short'), 'too-short-but-secret');
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('that are named by the variable with _FILE behind it', () => {
      expect(parseConfig(schema, { CURSOR_KEY_FILE: join(folder, 'key') }).CURSOR_KEY).toBe(key);
    });

    it('which must be there, and be the only place', () => {
      const absent = join(folder, 'absent');
      expect(problemsOf({ CURSOR_KEY_FILE: absent }).problems).toEqual([
        {
          variable: 'CURSOR_KEY_FILE',
          message: `names a file that cannot be read (ENOENT): ${absent}`,
          fix: 'Correct the path, or let this user read the file.',
        },
      ]);
      expect(problemsOf({ CURSOR_KEY: key, CURSOR_KEY_FILE: join(folder, 'key') }).message).toContain(
        'CURSOR_KEY_FILE: is set, and CURSOR_KEY as well. Leave one of the two out.',
      );
    });

    it('whose content is never shown', () => {
      const error = problemsOf({ CURSOR_KEY_FILE: join(folder, 'short') });
      expect(error.problems.map(({ variable }) => variable)).toEqual(['CURSOR_KEY']);
      expect(JSON.stringify([error.message, error.fields])).not.toContain('too-short');
    });
  });
});
