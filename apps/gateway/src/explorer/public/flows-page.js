import { h, problem } from './elements.js';
import { ago, who } from './formats.js';
import { query } from './graphql.js';
import { FLOWS } from './queries.js';

/** The flows that can be started, drawn into `page`. Returns the function that ends it. */
export function flowsPage(page) {
  const search = h('input', { type: 'search', placeholder: 'Search flows', 'aria-label': 'Search flows' });
  const list = h('div');
  page.replaceChildren(h('div.head', {}, h('h1', {}, 'Flows'), h('div.tools', {}, search)), list);
  let asked = 0;
  const draw = async () => {
    const turn = (asked += 1);
    try {
      const { flows } = await query(FLOWS, { filter: search.value ? { text: search.value } : {} });
      if (turn !== asked) return;
      list.replaceChildren(flows.nodes.length > 0 ? table(flows.nodes) : empty(search.value));
    } catch (error) {
      if (turn === asked) list.replaceChildren(problem(error, draw));
    }
  };
  search.addEventListener('input', draw);
  draw();
  return () => (asked += 1);
}

function table(flows) {
  return h(
    'div.card',
    {},
    flows.map(({ slug, name, description, latestVersion }) =>
      h(
        'a.flow-row',
        { href: `#/flows/${slug}` },
        h('div', {}, h('strong', {}, name), h('p.mute', {}, description ?? slug)),
        h(
          'span.mute.hide-small',
          {},
          `version ${latestVersion.version} · ${who(latestVersion.publishedBy)} · ${ago(latestVersion.publishedAt)}`,
        ),
        h('span.start', {}, 'Start…'),
      ),
    ),
  );
}

function empty(text) {
  return h(
    'div.card.empty',
    {},
    h('h2', {}, text ? 'No flow fits.' : 'No flows yet.'),
    h('p.mute', {}, text ? 'Try another search.' : 'Publish one with the publishFlow mutation.'),
  );
}
