import { jest } from '@jest/globals';
import { testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { copyTable, DatabaseCopies, onDatabase } from './backup.fixture.js';
import { profileNamed } from './counted-work.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

jest.setTimeout(PATIENCE_MS);

const FLOW = `
slug: note
defaults: { profile: small }
steps:
  - { key: write, run: echo written }
`;

/** The drill of docs/how-to/back-up-and-restore.md, on the platform as people run it. */
describeWith('bwrap')('a platform whose database was restored from an older backup (needs bwrap)', () => {
  const home = new TemporaryHome();
  const copies = new DatabaseCopies();
  let database: TestDatabase;
  let backup: string;
  let before: string;
  let after: string;

  const start = (url: string) => home.start({ DATABASE_URL: url, RUNLEDGER_SAMPLE: 'off' });
  const newRun = async (platform: PlatformProcess) => {
    const id = await platform.api.started('note');
    await platform.api.reaches(id, 'COMPLETED');
    return id;
  };
  /** A command of the operator: what it said, and how it ended. */
  const checkpoints = async (url: string, ...args: string[]) => {
    const command = home.spawn({ DATABASE_URL: url }, ['checkpoints.js', ...args]);
    const { code } = await command.end();
    return { code, said: command.output + command.errors };
  };
  const runIds = async (platform: PlatformProcess) => {
    const { runs } = await platform.api.data<{ runs: { nodes: { id: string }[] } }>('{ runs { nodes { id } } }');
    return runs.nodes.map(({ id }) => id).sort();
  };

  beforeAll(async () => {
    build();
    database = await testDatabase();
    const platform = await start(database.url);
    await platform.api.publishProfile(profileNamed('small'));
    await platform.api.publishFlow(FLOW);
    before = await newRun(platform);
    await platform.stop();
    backup = await copies.copyOf(database.url);
    const goingOn = await start(database.url);
    after = await newRun(goingOn);
    await goingOn.stop();
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    await copies.drop(database.url);
    await database.drop();
  });

  it('goes on from the moment of the backup when all of the database was restored', async () => {
    const restored = await copies.copyOf(backup);
    const platform = await start(restored);
    expect(await runIds(platform)).toEqual([before]);
    expect(
      (await platform.api.ask('query ($id: ID!) { run(id: $id) { id } }', { id: after })).errors?.[0],
    ).toMatchObject({
      extensions: { code: 'NOT_FOUND' },
    });
    const next = await newRun(platform);
    expect(await runIds(platform)).toEqual([before, next].sort());
    await platform.stop();
    expect(await checkpoints(restored, 'list')).toMatchObject({ code: 0 });
  });

  describe('while checkpoints and read models were kept from later', () => {
    let mixed: string;
    let events: number;
    const countEvents = async () => {
      const [row] = await onDatabase<{ count: number }>(mixed, 'select count(*)::int from runledger.event');
      return row?.count ?? 0;
    };

    beforeAll(async () => {
      mixed = await copies.copyOf(backup);
      for (const table of ['runledger.checkpoint', 'runledger.partition_checkpoint', 'gateway.runs']) {
        await copyTable(table, database.url, mixed);
      }
      events = await countEvents();
    });

    it('does not start: it says which checkpoint is ahead of the log, and changes nothing', async () => {
      const platform = home.spawn({ DATABASE_URL: mixed, RUNLEDGER_SAMPLE: 'off' });
      expect((await platform.end()).code).toBe(1);
      expect(platform.errors).toMatch(/checkpoint of reactor\/\S+ .*position \d+.*which ends at \d+/);
      expect(platform.errors).toContain('npm run checkpoints');
      expect(await countEvents()).toBe(events);
    });

    it('shows every checkpoint that does not fit', async () => {
      const { code, said } = await checkpoints(mixed, 'list');
      expect(code).toBe(1);
      expect(said).toMatch(/projection\/runs \(version \d+\): .*AHEAD OF THE LOG/);
      expect(said).toMatch(/reactor\/\S+ \(version \d+\): .*AHEAD OF THE LOG/);
      expect(said).toContain('npm run checkpoints -- reset --misfits');
    });

    it('is right again after the reset: nothing of later is shown, nothing is done twice, and it goes on', async () => {
      expect((await checkpoints(mixed, 'reset', '--misfits')).code).toBe(0);
      expect(await checkpoints(mixed, 'list')).toMatchObject({ code: 0 });
      const platform = await start(mixed);
      const next = await newRun(platform);
      expect(await runIds(platform)).toEqual([before, next].sort());
      const types = (await platform.api.events(before)).map(({ type }) => type);
      expect(types.filter(type => type === 'RunCompleted')).toHaveLength(1);
      expect(types.filter(type => type === 'AttemptStarted')).toHaveLength(1);
      await platform.stop();
    });

    it('names the consumers that there are to who mistypes one', async () => {
      const { code, said } = await checkpoints(mixed, 'reset', 'projection/runz');
      expect(code).toBe(1);
      expect(said).toContain('There is no checkpoint of projection/runz. There are: ');
    });
  });
});
