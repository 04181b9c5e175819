import { h, problem } from './elements.js';
import { ago, instant } from './formats.js';
import { query } from './graphql.js';
import { SEARCH } from './queries.js';

const KINDS = {
  INPUT: 'input',
  OUTPUT: 'result',
  DECISION: 'decision',
  ERROR: 'error',
  TEXT: 'said',
  THINKING: 'thought',
  TOOL_CALL: 'tool call',
  TOOL_OUTPUT: 'tool output',
  NOTE: 'note',
};

/** The field in the bar: what is looked for is in the address, so that it can be shared and gone back to. */
export function searchField() {
  const field = h('input', { type: 'search', placeholder: 'Search in all runs', 'aria-label': 'Search in all runs' });
  const go = event => {
    event.preventDefault();
    if (field.value.trim()) location.hash = `#/search/${encodeURIComponent(field.value.trim())}`;
  };
  field.value = wordsInAddress() ?? '';
  return h('form.search', { submit: go, role: 'search' }, field);
}

/** What the address looks for; undefined: it is the address of something else. */
export function wordsInAddress() {
  const found = /^#\/search\/(.+)$/.exec(location.hash);
  return found ? decoded(found[1]) : undefined;
}

/** As it is when it is no encoded text: addresses are written by hand as well. */
export function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What was found in all runs, drawn into `page`. Returns the function that ends it. */
export function searchPage(page, words) {
  const kind = h('select', { 'aria-label': 'Kind' }, h('option', { value: '' }, 'Any kind'));
  kind.append(...Object.entries(KINDS).map(([value, text]) => h('option', { value }, text)));
  const order = h('select', { 'aria-label': 'Order' });
  order.append(h('option', { value: 'RELEVANCE' }, 'Best first'), h('option', { value: 'NEWEST' }, 'Newest first'));
  const list = h('div.card.hits');
  const below = h('div');
  page.replaceChildren(h('div.head', {}, h('h1', {}, `“${words}”`), h('div.tools', {}, kind, order)), list, below);

  let asked = 0;
  const more = async after => {
    const turn = (asked += 1);
    try {
      const kinds = kind.value ? [kind.value] : undefined;
      const { search } = await query(SEARCH, { query: words, kinds, order: order.value, after });
      if (turn !== asked) return;
      if (!after) list.replaceChildren();
      list.append(...search.nodes.map(hit));
      if (!list.hasChildNodes()) list.append(h('p.empty', {}, 'Nothing was found.'));
      const { hasNextPage, endCursor } = search.pageInfo;
      below.replaceChildren(...(hasNextPage ? [h('button.quiet', { click: () => more(endCursor) }, 'Show more')] : []));
    } catch (error) {
      if (turn === asked) list.replaceChildren(problem(error, begin));
    }
  };
  const begin = () => more();
  kind.addEventListener('change', begin);
  order.addEventListener('change', begin);
  begin();
  return () => (asked += 1);
}

function hit({ run, kind, at, step, attempt, entryId, snippet, matches }) {
  const place = [`${run.flow.name} #${run.number}`, step, attempt > 1 && `attempt ${attempt}`].filter(Boolean);
  const entry = entryId ? `?entry=${encodeURIComponent(entryId)}` : '';
  return h(
    'a.hit',
    { href: `#/runs/${run.id}${entry}` },
    h('strong', {}, place.join(' · ')),
    h('span.mute', { title: instant(at) }, `${KINDS[kind]} · ${ago(at)}`),
    h('p', {}, ...marked(snippet, matches)),
  );
}

/** The snippet as text, with what fits marked. */
function marked(snippet, matches) {
  const parts = [];
  let from = 0;
  for (const { start, end } of matches) {
    parts.push(snippet.slice(from, start), h('mark', {}, snippet.slice(start, end)));
    from = end;
  }
  return [...parts, snippet.slice(from)];
}
