import { badge, details, h, problem, redraw } from './elements.js';
import { ago, count, instant, soon, words } from './formats.js';
import { query } from './graphql.js';
import { DELIVERIES } from './queries.js';

const PAGE = 20;

/** What one channel was told and what came of it: `health` in a line, `element` with every message, the newest first. */
export function createDeliveryLog() {
  const health = h('p.health');
  const rows = h('div.deliveries');
  let element;
  let asked = 0;
  let wanted = PAGE;
  let channel;
  const draw = async () => {
    const turn = (asked += 1);
    try {
      const { nodes, more } = await newest(channel, wanted);
      if (turn !== asked) return;
      health.replaceChildren(...healthOf(nodes.slice(0, PAGE)));
      const further = h('button.quiet', { click: () => ((wanted += PAGE), draw()) }, 'Show more');
      redraw(rows, () => [
        ...(nodes.length > 0 ? nodes.map(row) : [h('p.mute', {}, 'Nothing was sent yet.')]),
        ...(more ? [further] : []),
      ]);
    } catch (error) {
      if (turn === asked && error.code !== 'UNREACHABLE') health.replaceChildren(problem(error));
    }
  };
  const place = h('div');
  return {
    health,
    element: place,
    show: id => {
      channel = id;
      element ??= details(`deliveries/${id}`, 'Deliveries', rows);
      if (!element.isConnected) place.replaceChildren(element);
      draw();
    },
  };
}

async function newest(id, wanted) {
  const nodes = [];
  let after;
  for (;;) {
    const { notifications } = await query(DELIVERIES, { id, after });
    nodes.push(...notifications.nodes);
    after = notifications.pageInfo.endCursor;
    const more = notifications.pageInfo.hasNextPage;
    if (!more || nodes.length >= wanted) return { nodes, more };
  }
}

/** The last messages say how a channel is; what still waits was perhaps not taken at the first try. */
function healthOf(nodes) {
  if (nodes.length === 0) return [h('span.mute', {}, 'Nothing was sent yet: send a test.')];
  const of = state => nodes.filter(node => node.state === state).length;
  const retried = nodes.filter(({ state, attempts }) => state === 'WAITING' && attempts > 0).length;
  const [last] = nodes.filter(({ lastError, state }) => lastError && state !== 'DELIVERED');
  const state = of('FAILED') > 0 ? 'FAILED' : retried > 0 ? 'WAITING' : 'COMPLETED';
  const parts = [
    `${of('DELIVERED')} of the last ${count(nodes.length, 'message')} taken`,
    of('FAILED') > 0 && `${of('FAILED')} failed`,
    of('WAITING') > 0 && `${of('WAITING')} waiting`,
    of('DROPPED') > 0 && `${of('DROPPED')} no longer needed`,
  ].filter(Boolean);
  const text = { FAILED: 'failing', WAITING: 'tried again', COMPLETED: 'healthy' }[state];
  return [
    badge(state, text),
    h('span', {}, parts.join(' · ')),
    last && h('span.mute', {}, last.lastError.message),
  ].filter(Boolean);
}

function row({ id, news, recipient, runId, state, attempts, lastError, nextTryAt, queuedAt }) {
  return h(
    'div.delivery',
    { 'data-part': id },
    badge(state),
    h('span', {}, words(news), recipient && h('span.mute', {}, ` to ${recipient}`)),
    runId ? h('a', { href: `#/runs/${runId}` }, 'run') : h('span'),
    h('span.mute', { title: instant(queuedAt) }, ago(queuedAt)),
    h('span.mute', {}, count(attempts, 'attempt')),
    state !== 'DELIVERED' &&
      lastError &&
      h('p.mute', {}, lastError.message, state === 'WAITING' && nextTryAt && ` Tried again ${soon(nextTryAt)}.`),
  );
}
