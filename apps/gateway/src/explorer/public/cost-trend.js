import { h, problem } from './elements.js';
import { cost, instant, words } from './formats.js';
import { query } from './graphql.js';
import { COST_TREND } from './queries.js';

/** What the last completed runs of a flow cost, each against those before it. The reader chooses one of `flows`, each an id and a name. */
export function costTrend(flows) {
  const flow = h(
    'select',
    { 'aria-label': 'Flow' },
    flows.map(({ id, name }) => h('option', { value: id }, name)),
  );
  const body = h('div');
  let asked = 0;
  const draw = async () => {
    const turn = (asked += 1);
    try {
      const { costTrend: trend } = await query(COST_TREND, { flowId: flow.value });
      if (turn === asked) body.replaceChildren(...content(trend.points));
    } catch (error) {
      if (turn === asked) body.replaceChildren(problem(error, draw));
    }
  };
  flow.addEventListener('change', draw);
  draw();
  return h('section.card.costs', {}, h('div.card-head', {}, h('h2', {}, 'Trend'), flow), body);
}

function content(points) {
  if (points.length === 0) return [h('p.mute', {}, 'No run of it was completed.')];
  const dearer = points.filter(({ regressions }) => regressions.length > 0).reverse();
  return [
    chart(points),
    ...dearer.flatMap(dearerSteps),
    ...(dearer.length === 0 ? [h('p.mute', {}, 'No step cost more than it used to.')] : []),
  ];
}

function chart(points) {
  const most = Math.max(1, ...points.map(point => Number(point.cost.microUnits)));
  return h(
    'div.chart',
    { role: 'img', 'aria-label': 'Cost per completed run, oldest first' },
    points.map(point => {
      const usual = point.baseline ? `, usually ${cost(point.baseline)}` : '';
      const title = `${instant(point.startedAt)}: ${cost(point.cost)}${usual}`;
      const bar = h(point.regressions.length > 0 ? 'i.dearer' : 'i', { title });
      bar.style.height = `${(100 * Number(point.cost.microUnits)) / most}%`;
      return bar;
    }),
  );
}

function dearerSteps({ runId, startedAt, regressions }) {
  return regressions.map(({ step, cost: spent, baseline, changes }) =>
    h(
      'p.cost-row',
      {},
      h('a', { href: `#/runs/${runId}` }, `${step}, ${instant(startedAt)}`),
      h('span.mute', {}, changes.map(({ kind, from, to }) => `${words(kind)}: ${from} → ${to}`).join(', ')),
      h('span.number', {}, `${cost(spent)}, usually ${cost(baseline)}`),
    ),
  );
}
