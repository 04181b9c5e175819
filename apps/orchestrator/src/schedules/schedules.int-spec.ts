import type { ScheduleFired } from '@runledger/contracts';
import {
  CreateSchedule,
  DeleteSchedule,
  FireScheduleNow,
  PauseSchedule,
  PreviewSchedule,
  PublishFlow,
  ResumeSchedule,
  type InputOf,
} from '@runledger/contracts';
import { streamOf } from '@runledger/kernel';
import { logDatabase } from '@runledger/event-store/testing';
import { eventually, type TestDatabase } from '@runledger/testing';
import { PostgresTimers } from '@runledger/timers';
import { Pool } from 'pg';
import { ada, adaAsks, OrchestratorProcess, WORKSPACE } from '../orchestrator.fixture.js';

const NIGHTLY = `slug: nightly
parameters: { depth: { type: integer, default: 1 } }
defaults: { profile: plain }
steps: [{ key: check, run: 'true' }]`;

let database: TestDatabase;
let pool: Pool;
/** Two processes with the same timers on the same log. */
let processes: readonly OrchestratorProcess[];

beforeAll(async () => {
  database = await logDatabase();
  pool = new Pool({ connectionString: database.url, max: 2 });
  const timers = (own: Pool) =>
    new PostgresTimers({ database: own, service: 'orchestrator', newsUrl: database.url, lookEveryMs: 200 });
  processes = [
    await OrchestratorProcess.start(database.url, timers),
    await OrchestratorProcess.start(database.url, timers),
  ];
  await one().publishProfile('plain');
  await one().commands.send(PublishFlow, { source: NIGHTLY }, adaAsks());
});
afterAll(async () => {
  await Promise.all(processes.map(process => process.stop()));
  await pool.end();
  await database.drop();
});

const one = () => processes[0]!;
/** As if it had been asked for some time ago: what it fires is due already. */
const askedBefore = (ms: number) => ({ ...adaAsks(), occurredAt: new Date(Date.now() - ms).toISOString() });

type Input = InputOf<typeof CreateSchedule>;

async function created(more: Partial<Input> = {}, context = askedBefore(70_000)): Promise<string> {
  const outcome = await one().commands.send(CreateSchedule, asked(more), context);
  if (outcome.status === 'refused') throw new Error(outcome.refusal.message);
  return outcome.output.scheduleId;
}

function asked(more: Partial<Input> = {}): Input {
  const start = { flow: 'nightly', parameters: { depth: 3 }, choices: {} };
  return { expression: 'every minute', start, catchUp: { policy: 'ONE', max: 1 }, ...more };
}

const eventsOf = async (scheduleId: string) =>
  (await one().store.readStream({ tenant: WORKSPACE, name: streamOf('schedule', scheduleId) })).events;

type Fired = ReturnType<typeof ScheduleFired>['data'];

async function firstFiring(scheduleId: string): Promise<Fired> {
  return eventually(async () => {
    const fired = (await eventsOf(scheduleId)).find(({ type }) => type === 'ScheduleFired');
    if (!fired) throw new Error(`${scheduleId} has not fired yet.`);
    return fired.data as Fired;
  });
}

describe('a schedule', () => {
  it('starts one run at its time for whoever made it, although two processes watch', async () => {
    const scheduleId = await created();
    const fired = await firstFiring(scheduleId);
    expect(fired).toMatchObject({ by: 'time', firings: [{ runId: expect.stringMatching(/^run_/) }] });
    const [{ runId = '', scheduledFor }] = fired.firings as [Fired['firings'][0]];
    const [started] = await one().eventsOf(runId);
    expect(started).toMatchObject({
      type: 'RunStarted',
      data: {
        flowSlug: 'nightly',
        parameters: { depth: 3 },
        startedBy: { ...ada, via: 'schedule' },
        trigger: { kind: 'schedule', ref: scheduleId },
        idempotencyKey: `schedule ${scheduleId} ${scheduledFor}`,
      },
    });
    const events = await eventsOf(scheduleId);
    expect(events.filter(({ data }) => (data as Partial<Fired>).nextFireAt === fired.nextFireAt)).toHaveLength(1);
    await eventually(async () => {
      // The next minute may have come meanwhile.
      const { nextFireAt } = (await eventsOf(scheduleId)).at(-1)?.data as Fired;
      const { rows } = await pool.query('select due_at from timers_orchestrator.timer where payload = $1', [
        { scheduleId },
      ]);
      expect(rows).toEqual([{ due_at: new Date(nextFireAt!) }]);
    });
  });

  it('leaves out what it missed, or catches it up, as it was told to', async () => {
    const missed = { expression: '*/10 * * * *', catchUp: { policy: 'ALL' as const, max: 3 } };
    const all = await firstFiring(await created(missed, askedBefore(3_600_000)));
    expect(all.firings).toHaveLength(3);
    expect(new Set(all.firings.map(({ runId }) => runId)).size).toBe(3);
    expect(all.skipped).toBeGreaterThanOrEqual(2);
    const then = new Date(Date.now() - 2 * 3_600_000);
    const daily = `${then.getUTCMinutes()} ${then.getUTCHours()} * * *`;
    const skipped = { expression: daily, catchUp: { policy: 'SKIP' as const, max: 1 } };
    const none = await firstFiring(await created(skipped, askedBefore(3 * 3_600_000)));
    expect(none).toMatchObject({ firings: [], skipped: 1 });
  });

  it('writes down a start that was declined, and goes on', async () => {
    const start = { flow: 'nightly', parameters: {}, choices: { profile: 'nowhere' } };
    const fired = await firstFiring(await created({ start }));
    expect(fired.firings).toEqual([{ scheduledFor: expect.any(String), declined: 'PROFILE_REQUIRED' }]);
    expect(fired.nextFireAt).toBeDefined();
  });

  it('has no timer while it is paused, nor after it was deleted', async () => {
    const scheduleId = await created({ expression: '0 9 1 1 *' }, askedBefore(0));
    const timers = async () =>
      (await pool.query('select from timers_orchestrator.timer where payload = $1', [{ scheduleId }])).rows.length;
    const input = { scheduleId };
    await eventually(async () => expect(await timers()).toBe(1));
    await one().commands.send(PauseSchedule, input, askedBefore(0));
    await eventually(async () => expect(await timers()).toBe(0));
    await one().commands.send(ResumeSchedule, input, askedBefore(0));
    await eventually(async () => expect(await timers()).toBe(1));
    await one().commands.send(DeleteSchedule, input, askedBefore(0));
    await eventually(async () => expect(await timers()).toBe(0));
    const refused = await one().commands.send(ResumeSchedule, input, askedBefore(0));
    expect(refused).toMatchObject({ refusal: { rejected: 'SCHEDULE_NOT_FOUND' } });
  });

  it('is fired by hand with the rights of whoever asks, and a repeated request starts nothing more', async () => {
    const scheduleId = await created({ expression: '0 0 1 1 *' }, askedBefore(0));
    const context = { ...askedBefore(0), actor: { kind: 'member' as const, id: 'mem_bob', name: 'Bob' } };
    const fire = () => one().commands.send(FireScheduleNow, { scheduleId }, context);
    const [first, second] = [await fire(), await fire()];
    expect(first).toMatchObject({ status: 'accepted', output: { created: true } });
    expect(second).toMatchObject({
      output: { runId: first.status === 'accepted' && first.output.runId, created: false },
    });
    expect(await firstFiring(scheduleId)).toMatchObject({ by: 'hand', nextFireAt: expect.any(String) });
    const unknown = { scheduleId: 'sched_nobody' };
    const refused = await one().commands.send(FireScheduleNow, unknown, adaAsks());
    expect(refused).toMatchObject({ refusal: { rejected: 'SCHEDULE_NOT_FOUND' } });
  });

  it.each([
    ['whose words are not understood', { expression: 'every blue moon at 9am' }, 'INVALID_SCHEDULE'],
    ['of a flow that is not there', { start: { flow: 'nothing', parameters: {}, choices: {} } }, 'FLOW_NOT_FOUND'],
    [
      'with parameters that do not fit',
      { start: { flow: 'nightly', parameters: { depth: 'x' }, choices: {} } },
      'INVALID_PARAMETER',
    ],
  ])('%s is refused before it is made', async (_case, more, code) => {
    const outcome = await one().commands.send(CreateSchedule, asked(more), adaAsks());
    expect(outcome).toMatchObject({ status: 'refused', refusal: { rejected: code } });
  });
});

describe('a preview', () => {
  it('shows the next five firings and how words were read', async () => {
    const after = '2026-02-20T00:00:00.000Z';
    const input = { expression: 'every monday at 9am EST', after, count: 5 };
    expect(await one().commands.send(PreviewSchedule, input, adaAsks())).toMatchObject({
      output: {
        cron: '0 9 * * 1',
        timeZone: 'America/New_York',
        notes: ['EST is read as the time of America/New_York, with its summer time.'],
        next: expect.arrayContaining(['2026-02-23T14:00:00.000Z', '2026-03-23T13:00:00.000Z']),
      },
    });
  });
});
