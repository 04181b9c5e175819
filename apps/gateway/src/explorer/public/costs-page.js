import { costTrend } from './cost-trend.js';
import { downloadButton } from './download.js';
import { h, problem } from './elements.js';
import { cost, count, words } from './formats.js';
import { query } from './graphql.js';
import { COSTS } from './queries.js';

const DAYS = [7, 30, 90];
const DAY_MS = 86_400_000;

/** What was spent, from several sides, and the budgets that hold; drawn into `page`. Returns the function that ends it. */
export function costsPage(page) {
  const days = h(
    'select',
    { 'aria-label': 'Range' },
    DAYS.map(count => h('option', { value: count, selected: count === 30 }, `Last ${count} days`)),
  );
  const [files, body] = [h('span'), h('div')];
  page.replaceChildren(h('div.head', {}, h('h1', {}, 'Costs'), h('div.tools', {}, files, days)), body);
  let asked = 0;
  const draw = async () => {
    const turn = (asked += 1);
    const range = rangeOf(Number(days.value));
    files.replaceChildren(chargesButton(range));
    try {
      const answer = await query(COSTS, { range });
      if (turn === asked) body.replaceChildren(...content(answer, range));
    } catch (error) {
      if (turn === asked) body.replaceChildren(problem(error, draw));
    }
  };
  days.addEventListener('change', draw);
  draw();
  return () => (asked += 1);
}

/** Every charge of the range as a line for a spreadsheet. */
function chargesButton({ from, to }) {
  const url = `/api/v1/costs.csv?${new URLSearchParams({ from, to })}`;
  const name = `costs_${from.slice(0, 10)}_${to.slice(0, 10)}.csv`;
  return downloadButton({ url, title: 'Every charge of this range, a line for each' }, name, 'Charges as CSV');
}

/** Whole UTC days, today's included, as charges are counted. */
function rangeOf(count) {
  const tomorrow = Math.floor(Date.now() / DAY_MS + 1) * DAY_MS;
  return { from: new Date(tomorrow - count * DAY_MS).toISOString(), to: new Date(tomorrow).toISOString() };
}

function content({ byDay, byFlow, byModel, byMember, budgets }, range) {
  const flows = byFlow.rows.map(({ keys }) => ({ id: keys[0].value, name: nameOf(keys[0]) }));
  return [
    h(
      'section.card.costs',
      {},
      h('h2', {}, 'All'),
      h('p.sum', {}, cost(byDay.total, byDay.unpriced)),
      chart(byDay.rows, range),
    ),
    flows.length > 0 && costTrend(flows),
    h('div.cost-tables', {}, table('By flow', byFlow), table('By model', byModel), table('By member', byMember)),
    h(
      'section.card.costs',
      {},
      h('h2', {}, 'Budgets'),
      budgets.length > 0
        ? budgets.map(budget => budgetRow(budget, byFlow))
        : h('p.mute', {}, 'None is set: nothing limits what is spent.'),
    ),
  ].filter(Boolean);
}

function chart(rows, { from, to }) {
  const spent = new Map(rows.map(({ keys, cost: money }) => [keys[0].value, money]));
  const first = Date.parse(from);
  const names = Array.from({ length: Math.round((Date.parse(to) - first) / DAY_MS) }, (_, day) =>
    new Date(first + day * DAY_MS).toISOString().slice(0, 10),
  );
  const most = Math.max(1, ...rows.map(row => amountOf(row.cost)));
  return h(
    'div.chart',
    { role: 'img', 'aria-label': 'Cost per UTC day' },
    names.map(name => {
      const bar = h('i', { title: `${name}: ${cost(spent.get(name))}` });
      bar.style.height = `${(100 * amountOf(spent.get(name))) / most}%`;
      return bar;
    }),
  );
}

function table(title, { rows }) {
  return h(
    'section.card.costs',
    {},
    h('h2', {}, title),
    rows.map(({ keys, cost: money, unpriced }) =>
      h('p.cost-row', {}, h('span', {}, nameOf(keys[0])), h('span.number', {}, cost(money, unpriced))),
    ),
    rows.length === 0 && h('p.mute', {}, 'Nothing was charged.'),
  );
}

/** What has no model was computing. */
function nameOf({ label, value }) {
  return label ?? (value || 'Computing');
}

function amountOf(money) {
  return money ? Number(money.microUnits) : 0;
}

function budgetRow({ scope, scopeId, limit, standing }, byFlow) {
  const flow = byFlow.rows.find(({ keys }) => keys[0].value === scopeId);
  const name = [words(scope), flow ? nameOf(flow.keys[0]) : scopeId].filter(Boolean).join(' ');
  const state = standing
    ? `${standing.spent.formatted} spent, ${standing.reserved.formatted} set aside`
    : 'counted per run';
  const held = standing?.heldRuns.length ? `, ${count(standing.heldRuns.length, 'run')} waiting for room` : '';
  return h(
    'p.cost-row',
    {},
    h('span', {}, name),
    h('span.mute', {}, `${state}${held}`),
    h('span.number', {}, limit ? `of ${limit.formatted}` : 'no limit'),
  );
}
