import { badge, h, problem, redraw } from './elements.js';
import { ago, cost, count, duration, who } from './formats.js';
import { query } from './graphql.js';
import { RUNS } from './queries.js';

const GROUPS = { OPEN: 'open', UNSUCCESSFUL: 'unsuccessful' };
const STATES = [
  'RUNNING',
  'PAUSED',
  'BLOCKED',
  'INTERRUPTED',
  'PENDING',
  'COMPLETED',
  'FAILED',
  'REJECTED',
  'CANCELLED',
];
const REFRESH_MS = 2_500;

/** The list of runs, drawn into `page` and kept fresh. Returns the function that ends it. */
export function runsPage(page) {
  const list = h('div.runs');
  const search = h('input', { type: 'search', placeholder: 'Search runs', 'aria-label': 'Search runs' });
  const state = h('select', { 'aria-label': 'State' }, h('option', { value: '' }, 'Any state'));
  state.append(...Object.entries(GROUPS).map(([value, text]) => h('option', { value }, text)));
  state.append(...STATES.map(name => h('option', { value: name }, name.toLowerCase())));
  page.replaceChildren(
    h(
      'div.head',
      {},
      h('h1', {}, 'Runs'),
      h('div.tools', {}, search, state, h('a.button', { href: '#/flows' }, 'Start a run')),
    ),
    list,
  );

  let shown = 25;
  let ended = false;
  const draw = async () => {
    try {
      const filter = { ...(search.value && { text: search.value }), ...chosen(state.value) };
      const { nodes, more } = await firstRuns(filter, shown);
      if (ended) return;
      const further = h('button.quiet', { click: () => ((shown += 25), draw()) }, 'Show more');
      redraw(list, () => [nodes.length > 0 ? table(nodes) : empty(filter), ...(more ? [further] : [])]);
    } catch (error) {
      // It is tried again by itself: what was read before stays, and the page says that the connection is lost.
      if (!ended && !(error.code === 'UNREACHABLE' && list.hasChildNodes())) list.replaceChildren(problem(error));
    }
  };
  search.addEventListener('input', draw);
  state.addEventListener('change', draw);
  const timer = setInterval(draw, REFRESH_MS);
  draw();
  return () => {
    ended = true;
    clearInterval(timer);
  };
}

function chosen(value) {
  if (!value) return {};
  return value in GROUPS ? { group: value } : { status: [value] };
}

async function firstRuns(filter, count) {
  const nodes = [];
  let after;
  for (;;) {
    const { runs } = await query(RUNS, { filter, after });
    nodes.push(...runs.nodes);
    after = runs.pageInfo.endCursor;
    if (!runs.pageInfo.hasNextPage || nodes.length >= count) return { nodes, more: runs.pageInfo.hasNextPage };
  }
}

function table(runs) {
  return h(
    'div.card',
    {},
    runs.map(run =>
      h(
        'a.run-row',
        { href: `#/runs/${run.id}` },
        badge(run.status),
        h(
          'div.run-name',
          {},
          h('strong', {}, run.flow.name),
          h('span.mute', {}, ` #${run.number} `),
          pips(run.timeline),
        ),
        h('span.mute.hide-small', {}, who(run.startedBy)),
        h('span.mute.hide-small', {}, ago(run.startedAt)),
        h('span.number', {}, duration(run.durationMs ?? Date.now() - Date.parse(run.startedAt))),
        h('span.number', {}, cost(run.cost.total, run.cost.unpriced)),
      ),
    ),
  );
}

function pips(timeline) {
  const steps = timeline.slice(0, 40);
  const done = timeline.filter(({ state }) => state === 'COMPLETED' || state === 'SKIPPED').length;
  return h(
    'span.pips',
    { role: 'img', 'aria-label': `${count(timeline.length, 'step')}, ${done} done` },
    steps.map(step =>
      h('i.pip', { class: `is-${step.state.toLowerCase()}`, title: `${step.name}: ${step.state.toLowerCase()}` }),
    ),
  );
}

function empty(filter) {
  const anything = Object.keys(filter).length > 0;
  return h(
    'div.card.empty',
    {},
    h('h2', {}, anything ? 'No run fits.' : 'No runs yet.'),
    h(
      'p.mute',
      {},
      ...(anything
        ? ['Try another search or state.']
        : ['Start one: choose among the ', h('a', { href: '#/flows' }, 'flows'), '.']),
    ),
  );
}
