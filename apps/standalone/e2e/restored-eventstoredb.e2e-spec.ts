import { jest } from '@jest/globals';
import { createEventStoreDbStore, START } from '@runledger/event-store';
import { startEventStoreDouble, testDatabase } from '@runledger/testing';
import type { EventStoreDouble, TestDatabase } from '@runledger/testing';
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
  - { key: ask, needs: [write], gate: Go on?, run: echo asked }
`;

/** The drill of docs/how-to/back-up-and-restore.md where only the log was restored: all of PostgreSQL is of later. */
describeWith('bwrap')('a platform whose EventStoreDB was restored from an older backup (needs bwrap)', () => {
  const home = new TemporaryHome();
  let database: TestDatabase;
  let double: EventStoreDouble;
  let before: string;
  let lost: string;

  const environment = () => ({
    DATABASE_URL: database.url,
    EVENT_STORE: 'eventstoredb',
    EVENTSTOREDB_URL: double.connectionString,
    RUNLEDGER_SAMPLE: 'off',
  });
  /** A command of the operator: what it said, and how it ended. */
  const command = async (...program: string[]) => {
    const spawned = home.spawn(environment(), program);
    const { code } = await spawned.end();
    return { code, said: spawned.output + spawned.errors };
  };
  /** A run that waits at its gate. */
  const newRun = async (platform: PlatformProcess) => {
    const id = await platform.api.started('note');
    await platform.api.reaches(id, 'PAUSED');
    return id;
  };
  const runIds = async (platform: PlatformProcess) => {
    const { runs } = await platform.api.data<{ runs: { nodes: { id: string }[] } }>('{ runs { nodes { id } } }');
    return runs.nodes.map(({ id }) => id).sort();
  };
  const countEvents = async () => {
    const store = createEventStoreDbStore({ connectionString: double.connectionString });
    let count = 0;
    for (let [after, atEnd] = [START, false]; !atEnd;) {
      const slice = await store.readAll({ after });
      count += slice.events.length;
      [after, atEnd] = [slice.scannedTo, slice.caughtUp];
    }
    await store.close();
    return count;
  };

  beforeAll(async () => {
    build();
    [database, double] = await Promise.all([testDatabase(), startEventStoreDouble()]);
    const platform = await home.start(environment());
    await platform.api.publishProfile(profileNamed('small'));
    await platform.api.publishFlow(FLOW);
    before = await newRun(platform);
    await platform.stop();
    const backedUp = await countEvents();
    const goingOn = await home.start(environment());
    lost = await newRun(goingOn);
    await goingOn.stop();
    await double.restart({ loseEvents: (await countEvents()) - backedUp });
    expect(await countEvents()).toBe(backedUp);
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    await double.stop();
    await database.drop();
  });

  it('does not start: it says what is ahead of the log, and adds nothing to it', async () => {
    const events = await countEvents();
    const platform = home.spawn(environment());
    expect((await platform.end()).code).toBe(1);
    expect(platform.errors).toMatch(/stands at position \d+ .*which ends at \d+/);
    expect(platform.errors).toContain('npm run checkpoints');
    expect(await countEvents()).toBe(events);
  });

  it('shows every checkpoint that does not fit', async () => {
    const { code, said } = await command('checkpoints.js', 'list');
    expect(code).toBe(1);
    expect(said).toMatch(/projection\/runs \(version \d+\): .*AHEAD OF THE LOG/);
    expect(said).toMatch(/reactor\/\S+ \(version \d+\): .*AHEAD OF THE LOG/);
  });

  it('is right again after the reset: nothing of later is shown, nothing is done twice, and it goes on', async () => {
    expect(await command('checkpoints.js', 'reset', '--misfits')).toMatchObject({ code: 0 });
    expect(await command('checkpoints.js', 'list')).toMatchObject({ code: 0 });
    const platform = await home.start(environment());
    const next = await newRun(platform);
    expect(await runIds(platform)).toEqual([before, next].sort());
    expect(await platform.api.ask('query ($id: ID!) { run(id: $id) { id } }', { id: lost })).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
    const types = (await platform.api.events(before)).map(({ type }) => type);
    for (const once of ['GateReached', 'AttemptStarted', 'ApprovalRequested']) {
      expect([once, types.filter(type => type === once).length]).toEqual([once, 1]);
    }
    await platform.stop();
    expect(await command('projections.js', 'verify')).toMatchObject({ code: 0 });
  });
});
