import { ChargeRecorded, RunCompleted, RunStarted, UsageRecorded } from '@runledger/contracts';
import type { DomainEvent } from '@runledger/kernel';
import fc from 'fast-check';
import { testGateway, type TestGateway } from '../gateway.fixture.js';

const RANGE = { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' };
const WITHIN_A_DAY = { from: '2026-11-10T06:00:00.000Z', to: '2026-11-20T18:00:00.000Z' };
const SIDES = ['DAY', 'FLOW', 'STEP', 'RUN', 'MEMBER', 'PROVIDER', 'MODEL', 'RESOURCE_CLASS'] as const;
const COSTS = `query ($range: DateRange!, $groupBy: [CostDimension!]!, $filter: CostFilter, $prices: CostPrices, $atLeast: Position) {
  costs(range: $range, groupBy: $groupBy, filter: $filter, prices: $prices, atLeast: $atLeast, first: 200) {
    total { microUnits formatted } unpriced charges truncated
    rows { keys { dimension value } cost { microUnits } unpriced charges } } }`;

interface Row {
  readonly keys: readonly { readonly dimension: string; readonly value: string }[];
  readonly cost: { readonly microUnits: string } | null;
  readonly charges: number;
}
interface Report {
  readonly total: { readonly microUnits: string } | null;
  readonly charges: number;
  readonly unpriced: boolean;
  readonly rows: readonly Row[];
}

/** One use as it is drawn: of which run and step, when, and for how much; null is unpriced. */
interface Use {
  readonly run: number;
  readonly step: string;
  readonly hours: number;
  readonly amount: number | null;
  readonly machine: boolean;
}

const use = fc.record<Use>({
  run: fc.integer({ min: 0, max: 5 }),
  step: fc.constantFrom('plan', 'build'),
  hours: fc.integer({ min: -30, max: 24 * 31 }),
  amount: fc.option(fc.integer({ min: 0, max: 5_000_000 }), { freq: 5 }),
  machine: fc.boolean(),
});

const runId = (n: number) => `run_0198f3a0-0000-7000-8000-30000000000${n}`;
const flowOf = (run: number) => `flow_${run % 2}`;
const memberOf = (run: number) => `mem_${run % 3}`;
const usedAt = (hours: number) => new Date(Date.parse(RANGE.from) + hours * 3_600_000).toISOString();

function started(run: number): DomainEvent {
  return RunStarted({
    runId: runId(run),
    ...{ flowId: flowOf(run), flowSlug: 'f', flowName: 'F', flowVersion: 1, flowHash: 'h', steps: [], parameters: {} },
    choices: { profile: 'small', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
    startedBy: { kind: 'member', id: memberOf(run) },
    trigger: { kind: 'manual' },
    requestHash: 'h',
    startedAt: RANGE.from,
  });
}

function charged({ run, step, hours, amount, machine }: Use, n: number): DomainEvent {
  const what = machine
    ? { kind: 'compute' as const, resourceClass: 'small' }
    : { kind: 'model' as const, provider: `p${n % 2}`, model: `m${n % 3}` };
  return ChargeRecorded({
    ...{ chargeId: `chg_${run}.${n}`, usageId: `att_${run}.${n}`, runId: runId(run), step, attempt: 1, ...what },
    ...{ amountMicroUnits: amount, currency: 'USD', rateCardVersion: 1 },
    usedAt: usedAt(hours),
    chargedAt: RANGE.to,
  });
}

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.close());

/** A workspace where this was used; `seen` is told after each charge. */
async function workspaceWith(id: string, uses: readonly Use[], seen: (n: number, at: bigint) => Promise<void>) {
  for (let run = 0; run < 6; run += 1) {
    await gateway.tell({ workspaceId: id, stream: `run-${run}`, runId: runId(run) }, started(run));
  }
  for (const [n, one] of uses.entries()) {
    const place = { workspaceId: id, stream: `charges-${one.run}`, runId: runId(one.run) };
    await seen(n + 1, await gateway.tell(place, charged(one, n)));
  }
}

async function asked(token: string, variables: object): Promise<Report> {
  const { data, errors } = await gateway.graphql<{ costs: Report }>(token, COSTS, variables);
  expect(errors).toBeUndefined();
  return data.costs;
}

function sumOf(uses: readonly Use[]): string {
  return String(uses.reduce((sum, { amount }) => sum + (amount ?? 0), 0));
}

describe('the costs of a workspace', () => {
  it('are from every side the sum of the charges, at every position (M1)', async () => {
    let worlds = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(use, { minLength: 1, maxLength: 12 }), async uses => {
        worlds += 1;
        const id = `ws_world${worlds}`;
        const token = await gateway.tokenFor(id, 'mem_ada');
        const inside = ({ hours }: Use, { from, to } = RANGE) => usedAt(hours) >= from && usedAt(hours) < to;
        await workspaceWith(id, uses, async n => {
          const so = uses.slice(0, n);
          const sides = [...SIDES.slice(n % SIDES.length), ...SIDES].slice(0, 1 + (n % 3));
          for (const range of [RANGE, WITHIN_A_DAY]) {
            const counted = so.filter(one => inside(one, range));
            const report = await asked(token, { range, groupBy: sides });
            expect(report.charges).toBe(counted.length);
            expect(report.unpriced).toBe(counted.some(({ amount }) => amount === null));
            expect(report.total?.microUnits ?? '0').toBe(sumOf(counted));
            const rows = report.rows.reduce((sum, { cost }) => sum + Number(cost?.microUnits ?? 0), 0);
            expect(String(rows)).toBe(sumOf(counted));
          }
        });
        const flow = await asked(token, { range: RANGE, groupBy: [], filter: { flowId: 'flow_1' } });
        const odd = uses.filter(one => inside(one) && one.run % 2 === 1);
        expect(flow.total?.microUnits ?? '0').toBe(sumOf(odd));
      }),
      { numRuns: 4 },
    );
  });

  it('name the member and the run beside their ids, and say nothing of what has no name', async () => {
    const token = await gateway.tokenFor('ws_named', 'mem_0');
    const uses: Use[] = [{ run: 0, step: 'plan', hours: 5, amount: 1, machine: false }];
    await workspaceWith('ws_named', uses, () => Promise.resolve());
    const text = `query ($range: DateRange!) {
      costs(range: $range, groupBy: [MEMBER, RUN, STEP]) { rows { keys { dimension value label } } }
    }`;
    const { data } = await gateway.graphql<{ costs: Report }>(token, text, { range: RANGE });
    expect(data.costs.rows[0]?.keys).toEqual([
      { dimension: 'MEMBER', value: 'mem_0', label: '0' },
      { dimension: 'RUN', value: runId(0), label: 'F #1' },
      { dimension: 'STEP', value: 'plan', label: null },
    ]);
  });

  it('are told to nobody else, and as a file like on the page', async () => {
    const uses: Use[] = [
      { run: 0, step: 'plan', hours: 5, amount: 1_500_000, machine: false },
      { run: 1, step: 'build', hours: 6, amount: null, machine: true },
    ];
    const token = await gateway.tokenFor('ws_csv', 'mem_ada');
    const other = await gateway.tokenFor('ws_nosy', 'mem_eve');
    await workspaceWith('ws_csv', uses, () => Promise.resolve());
    expect(await asked(other, { range: RANGE, groupBy: ['RUN'] })).toMatchObject({ charges: 0, rows: [], total: null });
    const file = async (who: string, more = '') => {
      const url = `${gateway.url}/api/v1/costs.csv?from=${RANGE.from}&to=${RANGE.to}${more}`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${who}` } });
      return { status: response.status, text: await response.text() };
    };
    expect((await file(token, '&groupBy=FLOW,STEP')).text).toBe(
      'flow,step,amount,currency,charges,unpriced\r\nflow_0,plan,1500000,USD,1,0\r\nflow_1,build,,,1,1\r\n',
    );
    const { text } = await file(token);
    expect(text.split('\r\n')).toHaveLength(4);
    expect(text).toContain('chg_0.0,att_0.0,2026-11-01T05:00:00.000Z,flow_0,');
    expect((await file(other)).text.split('\r\n')).toHaveLength(2);
    expect((await file(token, '&groupBy=SHOE')).status).toBe(400);
    const ranges = {
      'from=soon&to=2026-12-01': '"soon" is no instant.',
      'from=2026-12-01&to=2026-11-01': 'The range is empty.',
    };
    for (const [range, message] of Object.entries(ranges)) {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${gateway.url}/api/v1/costs.csv?${range}`, { headers });
      expect(await response.json()).toMatchObject({ error: { code: 'BAD_USER_INPUT', message } });
    }
    const unpriced =
      '{ unpriced(range: { from: "2026-11-01T00:00:00Z", to: "2026-12-01T00:00:00Z" }) { resourceClass model charges runs } }';
    const { data } = await gateway.graphql(token, unpriced);
    expect(data).toEqual({ unpriced: [{ resourceClass: 'small', model: null, charges: 1, runs: 1 }] });
  });

  it('show the run that became dearer, with the step and the change that made it so', async () => {
    const token = await gateway.tokenFor('ws_trend', 'mem_ada');
    for (let run = 0; run < 6; run += 1) {
      const place = { workspaceId: 'ws_trend', stream: `run-${run}`, runId: runId(run) };
      const begun = started(run).data as ReturnType<typeof RunStarted>['data'];
      const one = RunStarted({ ...begun, flowId: 'flow_t', startedAt: usedAt(run) });
      await gateway.tell(place, one, RunCompleted({ runId: runId(run), completedAt: usedAt(run + 1) }));
      const dear = run === 5;
      const model = { provider: 'p', model: dear ? 'large' : 'small' };
      const [usageId, attempt] = [`att_${run}`, 1];
      const tokens = {
        inputTokens: 90,
        outputTokens: 10,
        cacheReadTokens: 0,
        cacheWriteTokens: 0,
        cacheWrite1hTokens: 0,
        reasoningTokens: 0,
      };
      const usage = { kind: 'model' as const, ...model, ...tokens };
      const at = usedAt(run);
      const used = { attemptId: 'att_x', runId: runId(run), step: 'plan', attempt, usageId };
      await gateway.tell({ ...place, stream: `attempt-${run}` }, UsageRecorded({ ...used, usage, at }));
      const charge = ChargeRecorded({
        ...{ chargeId: `chg_${run}`, usageId, runId: runId(run), step: 'plan', attempt, kind: 'model', ...model },
        ...{ amountMicroUnits: dear ? 9_000 : 100, currency: 'USD', rateCardVersion: 1, usedAt: at, chargedAt: at },
      });
      await gateway.tell({ ...place, stream: `charges-${run}` }, charge);
    }
    const { data } = await gateway.graphql(
      token,
      `{ costTrend(flowId: "flow_t", last: 2) { regression points { runId cost { microUnits } baseline { microUnits }
        regressions { step baseline { microUnits } changes { kind from to } } } } }`,
    );
    expect(data).toEqual({
      costTrend: {
        regression: true,
        points: [
          { runId: runId(4), cost: { microUnits: '100' }, baseline: null, regressions: [] },
          {
            ...{ runId: runId(5), cost: { microUnits: '9000' }, baseline: { microUnits: '100' } },
            regressions: [
              {
                ...{ step: 'plan', baseline: { microUnits: '100' } },
                changes: [{ kind: 'MODEL', from: 'small', to: 'large' }],
              },
            ],
          },
        ],
      },
    });
    const unknown = await gateway.graphql(token, '{ costTrend(flowId: "flow_of_nobody") { regression } }');
    expect(unknown.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', fix: 'Look at the list of flows.' });
  });
});
