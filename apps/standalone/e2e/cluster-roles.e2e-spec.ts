import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import pg from 'pg';
import { ClusterProcess } from './cluster-process.fixture.js';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';

jest.setTimeout(PATIENCE_MS);

const SERVICES = ['approval', 'audit', 'billing', 'gateway', 'orchestrator', 'sandbox'];

describeWith('bwrap')('a cluster on its embedded database (needs bwrap)', () => {
  const home = new TemporaryHome();
  let cluster: ClusterProcess;
  const urlOf = (user: string) => readFileSync(join(home.path, 'database', `${user}.url`), 'utf8').trim();

  beforeAll(async () => {
    build();
    cluster = await ClusterProcess.start(home, {});
  }, 120_000);
  afterAll(() => home.giveBack());

  it('lets each service in with a role of its own (E3)', async () => {
    const watcher = new pg.Client({ connectionString: urlOf('migrator') });
    await watcher.connect();
    const { rows } = await watcher.query<{ role: string }>(
      `select distinct usename as role from pg_stat_activity where usename like 'runledger\\_%' order by 1`,
    );
    await watcher.end();
    const roles = rows.map(({ role }) => role).filter(role => role !== 'runledger_migrator');
    expect(roles).toEqual(SERVICES.map(service => `runledger_${service}`));
    expect(statSync(join(home.path, 'database', 'billing.url')).mode & 0o077).toBe(0);
  });

  it('runs the sample to its end, though no service may write what belongs to another', async () => {
    const [api] = cluster.apis;
    const { runs } = await api!.data<{ runs: { nodes: { id: string }[] } }>('{ runs { nodes { id } } }');
    const runId = runs.nodes[0]!.id;
    const gate = await api!.gateOf(runId, 'open-pr');
    expect(await api!.decide(gate.id, 'APPROVE')).toMatchObject({ __typename: 'ApprovalRequest' });
    const run = await api!.reaches(runId, 'COMPLETED');
    expect(run.timeline.map(({ state }) => state)).toEqual(Array(4).fill('COMPLETED'));
    const billing = new pg.Client({ connectionString: urlOf('billing') });
    await billing.connect();
    await expect(billing.query(`update runledger.event set data = '{}'`)).rejects.toMatchObject({ code: '42501' });
    await billing.end();
  });
});
