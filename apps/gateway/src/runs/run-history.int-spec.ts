import type { DataSource } from 'typeorm';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { READ_MODEL_SOURCE } from '../reads/read-model-source.js';

const RUNS = 20_000;
/** Rows of the tables of a long history, as the projection would leave them. */
const SEED = [
  `INSERT INTO runs (
    key, view, workspace_id, run_id, flow_id, flow_slug, status, trigger_kind, started_by, subject_kind, subject_id,
    started_at, duration_ms, cost_micro_units, search)
  SELECT 'ws_acme/' || i, '{}', 'ws_acme', 'run_' || i, 'flow_f' || i % 50, 'f' || i % 50,
    (array['COMPLETED', 'FAILED', 'REJECTED', 'RUNNING'])[1 + i % 4], (array['MANUAL', 'API'])[1 + i % 2],
    'mem_' || i % 40, 'ticket', 'T-' || i % 5000, '2026-01-01'::timestamptz + i * interval '1 minute',
    i::bigint * 7919 % 100000, i::bigint * 104729 % 1000000, 'run ' || i
  FROM generate_series(1, ${RUNS}) AS i`,
  `INSERT INTO run_numbers (workspace_id, run_id, number)
  SELECT workspace_id, run_id, row_number() OVER (ORDER BY started_at) FROM runs`,
  `ANALYZE runs, run_numbers`,
];

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** How many rows of tables the statement looks at, by the plan of the database. */
function rowsRead(plan: Plan): number {
  const looked = plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0);
  const own = plan['Relation Name'] === undefined ? 0 : looked * plan['Actual Loops'];
  return (plan.Plans ?? []).map(rowsRead).reduce((sum, rows) => sum + rows, own);
}

describe('a long history of runs', () => {
  let gateway: TestGateway;
  let rows: DataSource;
  let ada: string;

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    rows = gateway.app.get<DataSource>(READ_MODEL_SOURCE, { strict: false });
    for (const statement of SEED) await rows.query(statement);
  });
  afterAll(() => gateway.close());

  /** The statements that the database got from the gateway while it answered. */
  const heard = async (query: string): Promise<readonly (readonly [string, unknown[]])[]> => {
    const statements: (readonly [string, unknown[]])[] = [];
    const { logger } = rows;
    rows.setOptions({
      logger: {
        ...logger,
        logQuery: (statement: string, parameters?: unknown[]) => statements.push([statement, parameters ?? []]),
      },
      logging: ['query'],
    });
    try {
      // Rows without a view cannot be shown: what is asked here is how they are found.
      await gateway.graphql(ada, query);
    } finally {
      rows.setOptions({ logger });
    }
    return statements;
  };

  it.each([
    ['newest first', '', ''],
    ['the costly ones', '', 'COST'],
    ['those that cost so much', 'costFrom: "1000", costBelow: "3000"', 'COST'],
    ['the long ones', '', 'DURATION'],
    ['those of a flow', 'flow: "f7"', ''],
    ['those of a flow by its id', 'flow: "flow_f7"', ''],
    ['those that someone started', 'startedBy: "mem_3"', ''],
    ['those about a record', 'subjectKind: "ticket", subjectId: "T-77"', ''],
    ['unsuccessful ones', 'group: UNSUCCESSFUL', ''],
    ['those of a day', 'startedFrom: "2026-01-02T00:00:00Z", startedBefore: "2026-01-03T00:00:00Z"', ''],
  ])('is found by an index: %s', async (_what, filter, by) => {
    const asked = [filter && `filter: { ${filter} }`, by && `sort: { by: ${by} }`, 'first: 25'].filter(Boolean);
    const statements = await heard(`{ runs(${asked.join(', ')}) { nodes { id } } }`);
    const page = statements.find(([statement]) => /FROM "gateway"\."runs"|FROM "runs"/.test(statement));
    if (!page) throw new TypeError(`No statement about runs among ${statements.length}.`);
    const [explained] = await rows.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }[]>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${page[0]}`,
      page[1],
    );
    const plan = explained?.['QUERY PLAN'][0]?.Plan;
    expect(plan && rowsRead(plan)).toBeLessThan(RUNS / 8);
  });
});
