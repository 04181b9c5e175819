import { jest } from '@jest/globals';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import type { ApiClient, RunShown } from './api-client.fixture.js';
import { ClusterProcess } from './cluster-process.fixture.js';
import type { Member } from './cluster-process.fixture.js';
import { profileNamed } from './counted-work.fixture.js';
import { commandLineOf, describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, TemporaryHome } from './platform-process.fixture.js';
import { expectTickets, ticketFlow, Tracker } from './tickets.fixture.js';

/** A replica after the other is replaced: each takes a second, and many on a machine that is busy. */
const REPLACED_WITHIN_MS = 150_000;

/** Between two runs of a client: there is to be load, and not as much as the machine can take. */
const BREATH_MS = 2_000;
/** Before a client asks again: what it waits for takes seconds, and each question is work for the processes that are looked at. */
const ASK_AGAIN_MS = 400;

jest.setTimeout(2 * PATIENCE_MS);

/** A little work, a person, a little work. */
const SIGNED = `
slug: signed
defaults: { profile: small }
steps:
  - { key: prepare, run: sleep 0.2 }
  - { key: publish, needs: [prepare], gate: Publish?, run: echo published }
`;

/** Whatever the moment brings, a client asks again. */
const persistently = <T>(ask: () => Promise<T>): Promise<T> =>
  eventually(async () => {
    try {
      return await ask();
    } catch (error) {
      await delay(ASK_AGAIN_MS);
      throw error;
    }
  }, PATIENCE_MS);

/** Starts a run through whichever gateway answers; the key makes it one run, however often it is asked for. */
async function start(apis: readonly ApiClient[], idempotencyKey: string): Promise<string> {
  let turn = 0;
  return persistently(async () => {
    const { id, code, message } = await apis[turn++ % apis.length]!.startRun({ flow: 'signed', idempotencyKey });
    if (code === 'PLATFORM_STARTING') throw new Error(message); // not now, but the same request may be sent again
    return id;
  });
}

/** Approves the run's gate and sees it through to its end. */
async function finish(apis: readonly ApiClient[], runId: string): Promise<RunShown> {
  let turn = 0;
  const next = () => apis[turn++ % apis.length]!;
  const requestId = await persistently(async () => {
    const { approvals } = await next().run(runId);
    const open = approvals.find(({ state }) => state === 'OPEN') ?? approvals.find(({ state }) => state !== 'OPEN');
    if (!open) throw new Error(`Run ${runId} does not ask yet.`);
    return open.id;
  });
  await persistently(() => next().decide(requestId, 'APPROVE'));
  return persistently(async () => {
    const run = await next().run(runId);
    if (run.status !== 'COMPLETED') throw new Error(`Run ${runId} is ${run.status}.`);
    return run;
  });
}

const SERVICES = ['approval', 'audit', 'billing', 'gateway', 'orchestrator', 'sandbox'];

describeWith('bwrap')('a cluster on its embedded database, each service in processes of its own (needs bwrap)', () => {
  const home = new TemporaryHome();
  let cluster: ClusterProcess;
  let tracker: Tracker;
  const urlOf = (user: string) => readFileSync(join(home.path, 'database', `${user}.url`), 'utf8').trim();
  const processes = (members: readonly Member[]) => members.map(({ service, replica }) => `${service} ${replica}`);

  beforeAll(async () => {
    build();
    tracker = await Tracker.open();
    cluster = await ClusterProcess.start(home, tracker.environment, '--replicas', 'orchestrator=2,sandbox=2,gateway=2');
  }, 150_000);

  afterAll(async () => {
    await home.giveBack();
    await tracker.close();
  });

  it('says which process is where, and each of them is what it says', async () => {
    const members = cluster.members();
    expect(processes(members)).toEqual([
      'orchestrator 1',
      'orchestrator 2',
      'sandbox 1',
      'sandbox 2',
      'approval 1',
      'billing 1',
      'audit 1',
      'gateway 1',
      'gateway 2',
    ]);
    await cluster.supervisor.says(/kill -USR2 \d+ replaces them/);
    for (const { service, replica, pid, internalUrl } of members) {
      expect(commandLineOf(pid)).toContain(`service.js ${service}`);
      expect(cluster.supervisor.output).toMatch(new RegExp(`${service} ${replica} +pid ${pid} +${internalUrl}`));
      const metrics = await (await fetch(`${internalUrl}/metrics`)).text();
      expect(metrics).toMatch(new RegExp(`process_cpu_user_seconds_total\\{service="${service}"\\}`));
    }
  });

  it('lets each service in with a role of its own (E3)', async () => {
    const watcher = new pg.Client({ connectionString: urlOf('migrator') });
    await watcher.connect();
    const roles = async () => {
      const { rows } = await watcher.query<{ role: string }>(
        `select distinct usename as role from pg_stat_activity where usename like 'runledger\\_%' order by 1`,
      );
      return rows.map(({ role }) => role).filter(role => role !== 'runledger_migrator');
    };
    // A service at rest may have given its connections back.
    await eventually(async () => expect(await roles()).toEqual(SERVICES.map(service => `runledger_${service}`)));
    await watcher.end();
    expect(statSync(join(home.path, 'database', 'billing.url')).mode & 0o077).toBe(0);
  });

  it('runs the sample to its end, across its processes, though none may write what belongs to another', async () => {
    const [api] = cluster.apis;
    const { runs } = await api!.data<{ runs: { nodes: { id: string }[] } }>('{ runs { nodes { id } } }');
    const runId = runs.nodes[0]!.id;
    const gate = await api!.gateOf(runId, 'open-pr');
    expect(await api!.decide(gate.id, 'APPROVE')).toMatchObject({ __typename: 'ApprovalRequest' });
    const run = await api!.reaches(runId, 'COMPLETED');
    expect(run.timeline.map(({ state }) => state)).toEqual(Array(4).fill('COMPLETED'));
    const lines = await api!.fetch(`/api/v1/runs/${runId}/audit.ndjson`);
    expect(lines.status).toBe(200);
    expect(await lines.text()).toContain('RunCompleted');
    const billing = new pg.Client({ connectionString: urlOf('billing') });
    await billing.connect();
    await expect(billing.query(`update runledger.event set data = '{}'`)).rejects.toMatchObject({ code: '42501' });
    await billing.end();
  });

  it('lets nobody command a service who is not one of its callers', async () => {
    const [{ internalUrl }] = cluster.members('approval') as [Member];
    const answer = await fetch(`${internalUrl}/commands/approval/Decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'c1', authorization: 'Bearer x.y.z' },
      body: '{}',
    });
    expect([answer.status, await answer.json()]).toMatchObject([401, { fault: { code: 'SERVICE_TOKEN_REFUSED' } }]);
  });

  it('completes every run although processes are killed while they go', async () => {
    const [api] = cluster.apis;
    await api!.publishProfile(profileNamed('small'));
    expect(await api!.publishFlow(SIGNED)).toMatchObject({ __typename: 'FlowVersion' });
    const ids = await Promise.all(Array.from({ length: 6 }, (_, at) => start(cluster.apis, `killed ${at}`)));
    const finishing = Promise.all(ids.map(id => finish(cluster.apis, id)));
    // The orchestrator that calls a function is one of them: another calls it again, with the same key.
    expect(await api!.publishFlow(ticketFlow('small'))).toMatchObject({ __typename: 'FlowVersion' });
    tracker.hold();
    const ticketsId = await api!.started('tickets');
    await eventually(() => expect(tracker.asked).toHaveLength(1));
    const [{ pid: caller = 0, key } = {}] = tracker.asked;
    const { replica } = cluster.members('orchestrator').find(({ pid }) => pid === caller)!;
    const killed = [cluster.kill('orchestrator', replica), cluster.kill('approval')];
    await eventually(() => expect(tracker.asked).toHaveLength(2), 60_000);
    expect([tracker.asked[1]?.key, tracker.asked[1]?.pid === caller]).toEqual([key, false]);
    tracker.letGo();
    for (const pid of killed) await cluster.hasReplaced(pid);
    killed.push(cluster.kill('sandbox'));
    await expectTickets(api!, ticketsId, tracker);
    const runs = await finishing;
    expect(runs.map(({ status }) => status)).toEqual(Array(6).fill('COMPLETED'));
    for (const pid of killed) await cluster.hasReplaced(pid);
    expect(cluster.supervisor.output).toContain(`orchestrator ${replica} ended unasked: SIGKILL`);
  });

  it(
    'is replaced process by process under load, and no run is lost',
    async () => {
      const before = cluster.members();
      const { apis } = cluster;
      process.kill(cluster.supervisor.pid, 'SIGUSR2');
      let isOver = false;
      const over = cluster.supervisor
        .says(/Every process was replaced/, REPLACED_WITHIN_MS)
        .finally(() => (isOver = true));
      const runs: RunShown[] = [];
      const client = async (name: string) => {
        for (let at = 0; !isOver || at < 2; at += 1) {
          runs.push(await finish(apis, await start(apis, `${name} ${at}`)));
          await delay(BREATH_MS);
        }
      };
      await Promise.all([over, client('ada'), client('bob')]);
      expect(runs.length).toBeGreaterThan(3);
      expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
      const after = cluster.members();
      expect(processes(after)).toEqual(processes(before));
      expect(after.filter(({ pid }) => before.some(old => old.pid === pid))).toEqual([]);
      expect(cluster.supervisor.output).not.toMatch(/ended unasked.*(?:exit code|SIGTERM)|did not end as it should/);
    },
    2 * REPLACED_WITHIN_MS,
  );

  it('ends with its supervisor, even if that is killed; the next one waits for that and goes on', async () => {
    const [api] = cluster.apis;
    const runId = await start(cluster.apis, 'at the kill');
    await api!.gateOf(runId, 'publish');
    const before = cluster.members();
    await cluster.supervisor.kill();
    // With both sandboxes: for one that has the files of a run and does not come back, half a minute is waited.
    cluster = await ClusterProcess.start(home, { RUNLEDGER_SAMPLE: 'off' }, '--replicas', 'sandbox=2');
    expect(before.map(({ pid }) => commandLineOf(pid))).toEqual(before.map(() => ''));
    expect((await finish(cluster.apis, runId)).status).toBe('COMPLETED');
  });

  it('ends on SIGTERM in order, with nothing left', async () => {
    expect(await cluster.supervisor.stop()).toMatchObject({ code: 0, signal: null });
    expect(home.leftovers()).toEqual([]);
    expect(cluster.members()).toEqual([]);
    expect(cluster.supervisor.output).not.toMatch(/did not end as it should/);
    expect(cluster.supervisor.errors).not.toMatch(/"level":"(?:error|fatal)"| {4}at /);
  });
});

describe('a cluster of which one service cannot start', () => {
  const home = new TemporaryHome();
  let database: TestDatabase;

  beforeAll(async () => {
    build();
    database = await testDatabase();
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    await database.drop();
  });

  it('gives up loudly, names it, and leaves nothing behind', async () => {
    writeFileSync(join(home.path, 'sandboxes'), 'no folder');
    const supervisor = home.spawn({ DATABASE_URL: database.url, RUNLEDGER_SAMPLE: 'off' }, ['cluster.js']);
    expect(await supervisor.end()).toMatchObject({ code: 1 });
    expect(supervisor.errors).toMatch(/sandbox 1 ended 3 times before it was ready \(exit code 1\)/);
    expect(supervisor.errors).toMatch(/sandboxes/);
    expect(home.leftovers()).toEqual([]);
  });

  it('does not start at all with replicas that nobody understands', async () => {
    const supervisor = home.spawn({}, ['cluster.js', '--replicas', 'orchestra=2']);
    expect(await supervisor.end()).toMatchObject({ code: 1 });
    expect(supervisor.errors).toMatch(/--replicas: "orchestra=2" names no service\. Write it like/);
  });
});
