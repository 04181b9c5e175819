import { join } from 'node:path';
import { eventually } from '@runledger/testing';
import { pageDocument, PageElement } from './page-elements.fixture.js';

interface CostsPage {
  readonly costsPage: (page: PageElement) => () => void;
}

const GLOBALS = ['document', 'fetch', 'sessionStorage'] as const;
const before = GLOBALS.map(name => Object.getOwnPropertyDescriptor(globalThis, name));

const money = (microUnits: number) => ({ microUnits: String(microUnits), formatted: `${microUnits / 1e6} USD` });
const rows = (...keys: (readonly [value: string, label: string])[]) => ({
  total: money(9e6),
  unpriced: false,
  rows: keys.map(([value, label]) => ({ keys: [{ value, label }], cost: money(3e6), unpriced: false })),
});
const costs = {
  ...{ byDay: rows(), byModel: rows(), byMember: rows(), budgets: [] },
  byFlow: rows(['flow_1', 'Ship'], ['flow_2', 'Mend']),
};
const point = (runId: string, spent: number, regressions: object[] = []) => ({
  ...{ runId, startedAt: '2026-11-21T10:00:00.000Z', cost: money(spent), baseline: money(1e6), regressions },
});
const dearer = {
  ...{ step: 'plan', cost: money(3e6), baseline: money(1e6) },
  changes: [{ kind: 'MODEL', from: 'small', to: 'large' }],
};
const trends: Record<string, object> = {
  flow_1: { points: [point('run_1', 1e6), point('run_2', 4e6, [dearer])] },
  flow_2: { points: [] },
};

describe('the page of costs', () => {
  const page = new PageElement('main');
  const asked: string[] = [];
  let close = (): void => undefined;

  beforeAll(async () => {
    put('document', pageDocument);
    put('sessionStorage', { getItem: () => 'rl_1_2' });
    put('fetch', (url: string, { body }: { body?: string }) => {
      if (url !== '/graphql') {
        asked.push(url);
        return Promise.resolve(
          Response.json({ error: { message: 'This takes the scope billing.read.' } }, { status: 403 }),
        );
      }
      const { flowId } = (JSON.parse(body ?? '{}') as { variables: { flowId?: string } }).variables;
      return Promise.resolve(Response.json({ data: flowId === undefined ? costs : { costTrend: trends[flowId] } }));
    });
    const { costsPage } = (await import(join(import.meta.dirname, 'public', 'costs-page.js'))) as CostsPage;
    close = costsPage(page);
  });
  afterAll(() => {
    close();
    GLOBALS.forEach((name, index) => Object.defineProperty(globalThis, name, before[index] ?? { value: undefined }));
  });

  it('shows what the runs of a flow cost against those before, and which step and which change made one dearer', async () => {
    await eventually(() => Promise.resolve(page.said.includes('plan')));
    expect(page.said).toMatch(/Trend.*plan, .*model: small → large.*3 USD, usually 1 USD/);
    expect(page.all('a').map(link => link.attributes.get('href'))).toEqual(['#/runs/run_2']);
    const bars = page.all('i').filter(bar => bar.attributes.get('title')?.includes('usually'));
    expect(bars.map(bar => [bar.className, bar.style['height']])).toEqual([
      ['', '25%'],
      ['dearer', '100%'],
    ]);
  });

  it('shows another flow when it is chosen', async () => {
    const list = page.all('select').find(({ attributes }) => attributes.get('aria-label') === 'Flow');
    list?.choose('flow_2');
    await eventually(() => Promise.resolve(page.said.includes('No run of it was completed.')));
    expect(page.said).not.toContain('plan');
  });

  it('offers every charge of its range for a spreadsheet, and says why it cannot be had', async () => {
    const button = page.all('button').find(({ said }) => said.includes('CSV'));
    button?.press();
    await eventually(() => Promise.resolve(page.said.includes('billing.read')));
    const { pathname, searchParams } = new URL(asked[0] ?? '', 'http://x');
    expect(pathname).toBe('/api/v1/costs.csv');
    const [from, to] = ['from', 'to'].map(name => Date.parse(searchParams.get(name) ?? ''));
    expect((to! - from!) / 86_400_000).toBe(30);
  });
});

function put(name: (typeof GLOBALS)[number], value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
