import { logDatabase } from '@runledger/event-store/testing';
import { keyOf } from '@runledger/kernel';
import type { TestDatabase } from '@runledger/testing';
import { highWater, Process, Spending } from './spending.fixture.js';

const month = { kind: 'WORKSPACE' } as const;
let database: TestDatabase;
let processes: { readonly one: Process; readonly other: Process };
const one = () => processes.one;

beforeAll(async () => {
  database = await logDatabase();
  processes = { one: new Process(database.url), other: new Process(database.url) };
});

afterAll(async () => {
  await Promise.all([processes.one.store.close(), processes.other.store.close()]);
  await database.drop();
});

describe('what a budget counts', () => {
  it('has nothing of other months, of other flows, or of what has no price', async () => {
    const spending = await Spending.begin(one());
    await spending.used('att_before.t1', 70);
    await spending.used('att_before.t2', 9, one(), '2026-10-31T23:59:59.000Z');
    await spending.charges(1, { runId: await spending.anotherRun('flow_other') });
    await spending.charges(2, { runId: spending.runId, amountMicroUnits: null });
    const scopes = [month, { kind: 'FLOW', flowId: 'flow_ship' }, { kind: 'RUN', runId: spending.runId }] as const;
    for (const scope of scopes) await spending.set(scope, 1_000);
    const spent = async (kind: string) => highWater(await spending.events(kind)).spent;
    expect([await spent('workspace'), await spent('flow'), await spent('run')]).toEqual([71, 70, 79]);
  });

  it('that is set on the first day of a month has what was spent on that day before', async () => {
    const spending = await Spending.begin(one());
    await spending.used('att_before.t1', 70, one(), '2026-12-01T00:00:01.000Z');
    const later = spending.context('2026-12-01T01:00:00.000Z');
    await one().setter.set({ scope: month, limitMicroUnits: 100, unpriced: 'REFUSE', notifyAtPercent: [] }, later);
    expect(highWater(await spending.events(`workspace-${keyOf(spending.workspaceId)}-2026-12`)).spent).toBe(70);
  });

  it('of a new month has what was set aside in that month, beside that of the month before', async () => {
    const spending = await Spending.begin(one());
    await spending.set(month, 100);
    await spending.used((await spending.asks(40)).callId, 40);
    const use = { kind: 'model', provider: 'anthropic', model: 'm', inputTokens: 0, maxOutputTokens: 30 } as const;
    const asked = { callId: 'att_x.t9', runId: spending.runId, step: 'build', attempt: 1, use, final: false };
    const reserved = await one().desk.reserve(asked, spending.context('2026-12-01T00:00:01.000Z'));
    expect(reserved).toMatchObject({ output: { status: 'GRANTED' } });
    await spending.used(asked.callId, 20, one(), '2026-12-01T00:00:02.000Z');
    const spent = async (of: string) =>
      highWater(await spending.events(`workspace-${keyOf(spending.workspaceId)}-${of}`)).spent;
    expect([await spent('2026-11'), await spent('2026-12')]).toEqual([40, 20]);
  });

  it('has a sandbox that outlives its month in the month in which it was set aside', async () => {
    const spending = await Spending.begin(one());
    await spending.set(month, 100);
    const use = { kind: 'compute', resourceClass: 'standard', milliseconds: 90 } as const;
    const asked = { callId: 'att_x.sandbox', runId: spending.runId, step: 'build', attempt: 1, use, final: false };
    expect(await one().desk.reserve(asked, spending.context())).toMatchObject({ output: { status: 'GRANTED' } });
    await spending.lasted(asked.callId, 80, '2026-12-20T10:00:00.000Z');
    expect(highWater(await spending.events('workspace'))).toMatchObject({ spent: 80, reserved: 0 });
    const streams = `workspace-${keyOf(spending.workspaceId)}`;
    expect(highWater(await spending.events(`${streams}-2026-11`)).spent).toBe(80);
  });

  it('has every charge of a run that has made more than a page of them, each once (M1)', async () => {
    const spending = await Spending.begin(one());
    await spending.charges(1_001);
    await spending.used('att_before.t1', 70);
    for (const scope of [{ kind: 'EACH_RUN' }, month, { kind: 'FLOW', flowId: 'flow_ship' }] as const)
      await spending.set(scope, 2_000);
    await spending.used('att_before.t1', 70, processes.other); // usage that is reported again is none
    for (const kind of ['workspace', 'flow', 'run'])
      expect(highWater(await spending.events(kind))).toMatchObject({ spent: 1_071, reserved: 0 });
  });
});

describe('a budget that has room again', () => {
  it('lets a run go on that it held when a call has cost less than was set aside for it', async () => {
    const spending = await Spending.begin(one());
    await spending.set(month, 100);
    const first = await spending.asks(90);
    expect(await spending.asks(30, { final: true })).toMatchObject({ status: 'HELD' });
    await spending.used(first.callId, 10);
    const freed = (await spending.events('workspace')).filter(({ type }) => type === 'BudgetFreed');
    expect(freed).toMatchObject([{ data: { runId: spending.runId } }]);
    expect(await spending.asks(90)).toMatchObject({ status: 'GRANTED' });
  });

  it('that is raised lets those go on for which there is room, each in the story of its own run', async () => {
    const spending = await Spending.begin(one());
    await spending.set(month, 100);
    await spending.used((await spending.asks(100)).callId, 100);
    const held = [spending.runId, await spending.anotherRun(), await spending.anotherRun()];
    for (const runId of held) expect(await spending.asks(30, { runId })).toMatchObject({ status: 'HELD' });
    const freedIn = async (correlationId?: string) => {
      const asked = correlationId === undefined ? {} : { correlationId };
      const { events } = await one().store.readAll({ tenant: spending.workspaceId, after: 0n, ...asked });
      return events.filter(({ type }) => type === 'BudgetFreed').map(({ data }) => (data as { runId: string }).runId);
    };
    await spending.set(month, 120);
    expect(await freedIn()).toEqual([]);
    await spending.set(month, 165);
    expect(await freedIn()).toEqual(held.slice(0, 2));
    for (const runId of held.slice(0, 2)) expect(await freedIn(runId)).toEqual([runId]);
  });
});

describe('setting a budget', () => {
  it('is answered with its id and its place in the log, and tells of its thresholds in their order', async () => {
    const spending = await Spending.begin(one());
    const asked = { scope: month, limitMicroUnits: 100, currency: 'USD', unpriced: 'REFUSE' } as const;
    const outcome = await one().setter.set({ ...asked, notifyAtPercent: [100, 9, 100] }, spending.context());
    const output = { budgetId: expect.stringMatching(/^bud_[0-9a-f]{32}$/) as string, currency: 'USD' };
    expect(outcome).toEqual({ status: 'accepted', output, position: expect.any(BigInt) as bigint });
    const limits = await spending.events('limits');
    expect(limits).toMatchObject([{ type: 'BudgetSet', data: { ...asked, notifyAtPercent: [9, 100] } }]);
  });
});
