import { h } from '/console/elements.js';

const page = document.querySelector('#catalogue');
const search = document.querySelector('#search');

try {
  const response = await fetch('/catalogue/events.json');
  if (!response.ok) throw new Error(`The data cannot be had (${response.status}).`);
  const { events } = await response.json();
  const cards = events.map(event => ({ words: wordsOf(event), card: cardOf(event) }));
  search.addEventListener('input', () => show(cards));
  show(cards);
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (problem) {
  page.replaceChildren(h('div.problem', { role: 'alert' }, problem.message));
}

function show(cards) {
  const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = cards.filter(({ words }) => wanted.every(word => words.includes(word)));
  const count = h('p.count', { role: 'status' }, `${found.length} of ${cards.length} events`);
  page.replaceChildren(count, ...found.map(({ card }) => card));
}

function wordsOf({ type, description, stream, producer, consumers }) {
  const takers = consumers.flatMap(({ service, name }) => [service, name]);
  return [type, description, stream, producer, ...takers].join(' ').toLowerCase();
}

function cardOf({ type, description, stream, producer, consumers, version, versions, personal }) {
  const takers = consumers.map(({ name, kind }) => `${name} (${kind})`).join(', ');
  return h(
    'article.event',
    { id: type },
    h('h3', {}, h('a', { href: `#${type}` }, type)),
    h('p', {}, description),
    h(
      'dl',
      {},
      ...fact('Written by', `${producer}, in ${stream}`),
      ...fact('Taken by', takers),
      ...fact('Version', String(version)),
      ...(personal.length > 0 ? fact('Personal', personal.map(({ field }) => field).join(', ')) : []),
    ),
    ...versions.flatMap(shown => [
      part(`JSON Schema of version ${shown.version}`, shown.schema),
      part(`A stored event of version ${shown.version}`, shown.example),
    ]),
  );
}

function fact(name, value) {
  return [h('dt', {}, name), h('dd', {}, value)];
}

/** What is large is made when somebody looks at it. */
function part(title, value) {
  const element = h('details', {}, h('summary', {}, title));
  element.addEventListener('toggle', () => element.append(h('pre', {}, JSON.stringify(value, null, 2))), {
    once: true,
  });
  return element;
}
