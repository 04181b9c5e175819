import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgres } from '@runledger/platform';
import pg from 'pg';
import { besidePlatform, readServiceConfig } from './service.config.js';

describe('where a service finds the platform', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'runledger-sdk-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('is what its environment says, whatever runs beside it', async () => {
    for (const given of [{ DATABASE_URL: 'postgres://elsewhere/db' }, { DATABASE_URL_FILE: '/run/secrets/url' }])
      expect(await besidePlatform({ ...given, RUNLEDGER_HOME: home })).toEqual({ ...given, RUNLEDGER_HOME: home });
  });

  it('is the data directory of one with an embedded server, while that runs; else it says what to set', async () => {
    const server = await openPostgres({ dataDir: join(home, 'postgres') });
    try {
      const { databaseUrl, home: blobs } = readServiceConfig(await besidePlatform({ RUNLEDGER_HOME: home }));
      expect(blobs).toBe(home);
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await client.end();
    } finally {
      await server.stop();
    }
    const environment = await besidePlatform({ RUNLEDGER_HOME: home });
    expect(() => readServiceConfig(environment)).toThrow(/DATABASE_URL: is not set\. Set it to .* RUNLEDGER_HOME/);
  });
});
