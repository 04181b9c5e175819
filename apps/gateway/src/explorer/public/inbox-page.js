import { h, redraw } from './elements.js';
import { ago, until } from './formats.js';
import { gateCard } from './gate.js';

const KINDS = { GATE: 'Approval', PERMISSION: 'Permission', QUESTION: 'Question' };

/** What waits for this reader, with the buttons to decide it, drawn into `page` whenever it is told of. */
export function inboxPage(page) {
  const list = h('div.inbox');
  page.replaceChildren(h('div.head', {}, h('h1', {}, 'Inbox')), list);
  const cards = new Map();
  return requests => {
    const keys = new Set(requests.map(keyOf));
    for (const key of cards.keys()) if (!keys.has(key)) cards.delete(key);
    // A card that is there already keeps what is being written into it.
    for (const request of requests) if (!cards.has(keyOf(request))) cards.set(keyOf(request), card(request));
    redraw(list, () => (requests.length > 0 ? requests.map(request => cards.get(keyOf(request))) : [nothing()]));
  };
}

/** Votes of others, and what is shown, change a card; so does being asked anew. */
function keyOf({ id, shownHash, votes }) {
  return `${id} ${shownHash} ${votes.length}`;
}

function card(request) {
  const { kind, run, step, requestedAt, until: end } = request;
  let next;
  // Onto the card and not onto its buttons: a key that is pressed once more must decide nothing.
  const decided = () => next?.focus();
  const element = h(
    'article.card.request',
    // Once it is decided it may be gone before the answer is there.
    { tabIndex: -1, click: () => (next = element.nextElementSibling ?? element.previousElementSibling) },
    h(
      'header',
      {},
      h('span.mute', {}, KINDS[kind] ?? kind.toLowerCase()),
      h('a', { href: `#/runs/${run.id}` }, h('strong', {}, run.flow.name), ` #${run.number} · ${step}`),
      h('span.mute', {}, `asked ${ago(requestedAt)}`, end && ` · ${until(end)}`),
    ),
    gateCard(request, decided),
  );
  return element;
}

function nothing() {
  return h(
    'div.card.empty',
    {},
    h('h2', {}, 'Nothing waits for you.'),
    h('p.mute', {}, 'Gates, permissions and questions appear here the moment that somebody is needed.'),
  );
}
