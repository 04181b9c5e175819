import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ScheduleCreated } from '@runledger/contracts';
import { createPostgresEventStore, newUuid } from '@runledger/event-store';
import { eventually, testDatabase } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { parse } from 'yaml';
import { describeWith } from './machine.fixture.js';
import { build, PATIENCE_MS, ROOT, TemporaryHome } from './platform-process.fixture.js';
import type { PlatformProcess } from './platform-process.fixture.js';

const execute = promisify(execFile);
const EXAMPLES = join(ROOT, 'examples');

interface ShownSchedule {
  readonly id: string;
  readonly status: string;
  readonly nextFireAt: string | null;
  readonly firings: readonly {
    readonly scheduledFor: string;
    readonly byHand: boolean;
    readonly runId: string | null;
  }[];
}

interface MadeSchedule {
  readonly id: string;
  readonly nextFirings: readonly string[];
}

interface MadeWebhook {
  readonly secret: string;
  readonly webhook: { readonly id: string; readonly path: string };
}

/** Runs that nobody starts by hand, by the scripts that the guides quote. */
describeWith(
  'bwrap',
  'curl',
  'openssl',
)('runs that start by themselves (needs bwrap, curl and openssl)', () => {
  const home = new TemporaryHome();
  let database: TestDatabase;
  let platform: PlatformProcess;

  beforeAll(async () => {
    build();
    database = await testDatabase();
    platform = await home.start({ RUNLEDGER_SAMPLE: 'off', DATABASE_URL: database.url });
    const publish = [join(EXAMPLES, 'publish-flow', 'publish.mjs'), join(EXAMPLES, 'schedule-a-flow')];
    await run(process.execPath, publish);
  }, PATIENCE_MS);
  afterAll(async () => {
    await home.giveBack();
    await database.drop();
  });

  async function run(program: string, args: readonly string[], environment: Record<string, string> = {}) {
    const env = { ...process.env, RUNLEDGER_URL: platform.url, RUNLEDGER_TOKEN: platform.token, ...environment };
    try {
      return { code: 0, ...(await execute(program, [...args], { cwd: ROOT, env, timeout: 60_000 })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  }
  async function answer<Data>(script: string, ...args: readonly string[]): Promise<Data> {
    const { stdout } = await run('sh', [join(EXAMPLES, script), ...args]);
    return (JSON.parse(stdout) as { data: Data }).data;
  }
  const schedules = async () =>
    (await answer<{ schedules: { nodes: ShownSchedule[] } }>('schedule-a-flow/list.sh')).schedules.nodes;
  const webhookFor = async (kind: string, pointer: string) =>
    (await answer<{ createWebhook: MadeWebhook }>('start-from-ci/create-webhook.sh', kind, pointer)).createWebhook;

  it('a phrase is shown as five times before it is used, and quoted where it is not understood', async () => {
    const { schedulePreview } = await answer<{ schedulePreview: { next: unknown } }>(
      'schedule-a-flow/preview.sh',
      'every monday at 9am EST',
    );
    expect(schedulePreview).toMatchObject({
      cron: '0 9 * * 1',
      timeZone: 'America/New_York',
      notes: [expect.any(String)],
    });
    expect(schedulePreview.next).toHaveLength(5);
    expect(await answer('schedule-a-flow/preview.sh', 'every blue moon at 9am')).toMatchObject({
      schedulePreview: { code: 'INVALID_SCHEDULE', message: '“blue”, “moon” were not understood.' },
    });
  });

  it('a schedule is made, paused, resumed and fired by hand', async () => {
    const { createSchedule } = await answer<{ createSchedule: MadeSchedule }>('schedule-a-flow/create.sh');
    expect(createSchedule).toMatchObject({ cron: '0 3 * * 1-5', timeZone: 'Europe/Vienna' });
    expect(createSchedule.nextFirings).toHaveLength(5);
    const id = createSchedule.id;
    expect(await answer('schedule-a-flow/pause.sh', id)).toMatchObject({ pauseSchedule: { status: 'PAUSED' } });
    const { resumeSchedule } = await answer<{ resumeSchedule: ShownSchedule }>('schedule-a-flow/resume.sh', id);
    expect(resumeSchedule.status).toBe('ACTIVE');
    expect(createSchedule.nextFirings).toContain(resumeSchedule.nextFireAt); // not the first one where that has just passed
    const { fireScheduleNow } = await answer<{ fireScheduleNow: { id: string } }>('schedule-a-flow/fire-now.sh', id);
    const runId = fireScheduleNow.id;
    await platform.api.reaches(runId, 'COMPLETED');
    await eventually(async () => {
      const shown = (await schedules()).find(schedule => schedule.id === id);
      expect(shown?.firings.filter(({ byHand }) => byHand)).toMatchObject([{ runId }]);
    });
  });

  it('a schedule whose time has come starts a run, which ends', async () => {
    // The time of a schedule is a whole minute; this one's was the last one.
    const minute = new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();
    const scheduleId = `sched_${newUuid()}`;
    const by = { kind: 'member' as const, id: 'mem_owner', name: 'Owner' };
    const created = ScheduleCreated({
      ...{ scheduleId, name: 'Each minute', expression: '* * * * *', createdBy: by, createdAt: minute },
      ...{ recurrence: { cron: '* * * * *', timeZone: 'UTC' }, catchUp: { policy: 'ONE', max: 1 } },
      ...{ start: { flow: 'nightly', parameters: {}, choices: {} }, nextFireAt: minute },
    });
    await appended(`schedule-${scheduleId.slice('sched_'.length)}`, scheduleId, created);
    const runId = await eventually(async () => {
      const firing = (await schedules())
        .find(({ id }) => id === scheduleId)
        ?.firings.find(({ runId }) => runId !== null);
      if (!firing?.runId) throw new Error('It has not fired yet.');
      return firing.runId;
    });
    await platform.api.reaches(runId, 'COMPLETED');
    expect((await platform.api.events(runId))[0]?.data).toMatchObject({
      startedBy: { id: 'mem_owner', via: 'schedule' },
      trigger: { kind: 'schedule', ref: scheduleId },
    });
    const paused = await answer('schedule-a-flow/pause.sh', scheduleId);
    expect(paused).toMatchObject({ pauseSchedule: { status: 'PAUSED' } });
  });

  async function appended(stream: string, correlationId: string, { type, data }: { type: string; data: unknown }) {
    const store = createPostgresEventStore({ connectionString: database.url, poolSize: 1 });
    const metadata = {
      ...{ correlationId, causationId: 'spec', workspaceId: 'ws_default', schemaVersion: 1 },
      ...{ actor: { kind: 'system' as const, id: 'spec' }, occurredAt: new Date().toISOString() },
    };
    const outcome = await store.append(
      { tenant: 'ws_default', name: stream },
      [{ id: newUuid(), type, data, metadata }],
      'any',
    );
    await store.close();
    expect(outcome.status).toBe('appended');
  }

  it('a build of GitHub Actions starts a run, waits for it, and starts it once', async () => {
    interface Workflow {
      readonly jobs: {
        readonly check: { readonly steps: readonly { readonly run?: string; readonly env?: Record<string, string> }[] };
      };
    }
    const text = readFileSync(join(EXAMPLES, 'start-from-ci', 'workflow.yml'), 'utf8');
    const step = (parse(text) as Workflow).jobs.check.steps.find(({ run: script }) => script !== undefined);
    expect(Object.keys(step?.env ?? {}).sort()).toEqual(['BUILD', 'COMMIT', 'RUNLEDGER_TOKEN', 'RUNLEDGER_URL']);
    const script = () => run('sh', ['-c', step?.run ?? ''], { BUILD: '17-1', COMMIT: 'f00d' });
    const [first, second] = [await script(), await script()];
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Run run_\S+\nCOMPLETED\n$/) });
    expect(second).toEqual(first);
    const declined = await run('sh', ['-c', step?.run ?? ''], { BUILD: '17-1', COMMIT: 'beef' });
    expect(declined).toMatchObject({ code: 1, stderr: expect.stringContaining('IDEMPOTENCY_KEY_REUSED') });
  });

  it('a signed message starts a run, once, with what stands in it', async () => {
    const { secret, webhook } = await webhookFor('GENERIC', '/build/commit');
    const script = join(EXAMPLES, 'start-from-ci', 'send-webhook.sh');
    const send = (key: string, id: string) => run('sh', [script, webhook.path, key, id, '{"build":{"commit":"cafe"}}']);
    const first = await send(secret, 'build-18');
    expect(first.stdout).toMatch(/"created":true[^]*\n202\n$/);
    expect((await send(secret, 'build-18')).stdout).toMatch(/"created":false[^]*\n200\n$/);
    expect((await send('whsec_AAAA', 'build-19')).stdout).toMatch(/"BAD_SIGNATURE"[^]*\n401\n$/);
    const [, runId = ''] = /"runId":"([^"]+)"/.exec(first.stdout) ?? [];
    const done = await platform.api.reaches(runId, 'COMPLETED');
    expect(done.timeline[0]?.summary).toContain('Checked cafe.');
    const { rotateWebhookSecret } = await answer<{ rotateWebhookSecret: { secret: string } }>(
      'start-from-ci/rotate-secret.sh',
      webhook.id,
      '0',
    );
    expect((await send(secret, 'build-18')).stdout).toMatch(/"BAD_SIGNATURE"[^]*\n401\n$/);
    expect((await send(rotateWebhookSecret.secret, 'build-18')).stdout).toMatch(/"created":false[^]*\n200\n$/);
  });

  it('an event starts a run with what its own run has to say, once', async () => {
    interface Trigger {
      readonly id: string;
      readonly firings: readonly { readonly eventId: string; readonly runId: string | null }[];
    }
    // Neither what the trigger starts itself nor a run of the schedule above, should one still be under way.
    const condition = "run.flow == 'nightly' && run.trigger != 'event' && run.trigger != 'schedule'";
    const made = await answer<{ createEventTrigger: Trigger }>('start-on-an-event/create.sh', condition);
    const { id } = made.createEventTrigger;
    const build = join(EXAMPLES, 'start-from-ci', 'start-and-wait.sh');
    expect(await run('sh', [build], { BUILD: '20-1', COMMIT: 'beef' })).toMatchObject({ code: 0 });
    const fired = async () => {
      const { eventTriggers } = await answer<{ eventTriggers: Trigger[] }>('start-on-an-event/list.sh');
      return eventTriggers.find(trigger => trigger.id === id)?.firings ?? [];
    };
    const [firing] = await eventually(async () => {
      const firings = await fired();
      expect(firings).toHaveLength(1);
      return firings;
    });
    const runId = firing?.runId ?? '';
    const done = await platform.api.reaches(runId, 'COMPLETED');
    expect(done.timeline[0]?.summary).toContain('Checked beef.');
    expect((await platform.api.events(runId))[0]).toMatchObject({
      data: { startedBy: { id: 'mem_owner', via: 'event' }, trigger: { kind: 'event', ref: id, depth: 1 } },
    });
    expect(await answer('start-on-an-event/pause.sh', id)).toMatchObject({ pauseEventTrigger: { status: 'PAUSED' } });
    expect(await fired()).toHaveLength(1);
    expect(await answer('start-on-an-event/create.sh', 'run.flw ==')).toMatchObject({
      createEventTrigger: { code: 'INVALID_EVENT_TRIGGER', details: [{ path: 'condition' }] },
    });
  });

  it('a chat starts a run over the Model Context Protocol and follows it, once', async () => {
    const client = join(EXAMPLES, 'chat-client', 'start.mjs');
    const chat = (flow: string) => run(process.execPath, [client, flow, 'chat-1', '{ "commit": "babe" }']);
    const [first, second] = [await chat('nightly'), await chat('nightly')];
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Run run_\S+\ncheck: .*babe[^]*COMPLETED\n$/),
    });
    expect(second).toEqual(first);
    const [, runId = ''] = /^Run (\S+)/.exec(first.stdout) ?? [];
    expect((await platform.api.events(runId))[0]?.data).toMatchObject({ trigger: { kind: 'chat' } });
    expect(await chat('nowhere')).toMatchObject({ code: 1, stderr: expect.stringContaining('IDEMPOTENCY_KEY_REUSED') });
  });

  it('a pull request on GitHub starts a run that is about it', async () => {
    const { secret, webhook } = await webhookFor('GITHUB', '/pull_request/head/sha');
    const body = JSON.stringify({
      action: 'opened',
      repository: { full_name: 'acme/shop' },
      pull_request: { number: 7, html_url: 'https://github.test/acme/shop/pull/7', head: { sha: 'd00d' } },
    });
    const headers = {
      'content-type': 'application/json',
      ...{ 'x-github-event': 'pull_request', 'x-github-delivery': newUuid() },
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    };
    const response = await fetch(platform.url + webhook.path, { method: 'POST', headers, body });
    const { runId } = (await response.json()) as { runId: string };
    expect(response.status).toBe(202);
    await platform.api.reaches(runId, 'COMPLETED');
    expect((await platform.api.events(runId))[0]?.data).toMatchObject({
      parameters: { commit: 'd00d' },
      subject: { kind: 'pull_request', id: 'acme/shop#7' },
      trigger: { kind: 'pull_request' },
    });
  });
});
