/** `h('p.note', { title }, 'text', child)`: an element; text always goes in as text. */
export function h(tag, attributes, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name || 'div');
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (key === 'class') element.className += ` ${value}`;
    else if (key in element && key !== 'list') element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter(child => child !== undefined && child !== null && child !== false));
  return element;
}

export function badge(state, text = state) {
  return h('span.badge', { class: `is-${state.toLowerCase()}` }, h('i.dot'), text.toLowerCase());
}

export function fact(name, ...value) {
  return h('div.fact', {}, h('dt', {}, name), h('dd', {}, ...value));
}

/** A collapsible part that stays as the reader left it when the page is drawn again. */
const opened = new Set();
export function details(key, summary, ...children) {
  const element = h('details', { open: opened.has(key) }, h('summary', {}, summary), ...children);
  element.addEventListener('toggle', () => (element.open ? opened.add(key) : opened.delete(key)));
  return element;
}

/** What is wrong and what helps; with `again`, also a button that tries once more. */
export function problem(error, again) {
  return h(
    'div.problem',
    { role: 'alert' },
    h('strong', {}, error.message),
    further(error).map(({ path, message }) => h('p', {}, path ? `${path}: ${message}` : message)),
    error.fix && h('p', {}, error.fix),
    error.code === 'UNREACHABLE' && again && h('button', { click: () => again() }, 'Try again'),
  );
}

/** The particulars that the message does not hold already. */
function further({ message: whole, details: parts = [] }) {
  return parts.filter(({ message }) => !whole.includes(message));
}

/** A page that there is nothing to show on: why, and the way back. */
export function deadEnd(page, error, { href, text }) {
  page.replaceChildren(
    h('a.back', { href }, `← ${text}`),
    h('div.head', {}, h('h1', {}, error.message)),
    h('p', {}, error.fix),
  );
}

/**
 * Draws the inside of `element` anew; whoever was on a button or a link there finds themselves on the one that took its place. What
 * `made` returns may hold parts that are there already: they leave their place the moment that they are put elsewhere.
 */
export function redraw(element, made) {
  const focused = element.contains(document.activeElement) ? document.activeElement : undefined;
  const before = focused && placeOf(focused);
  fill(element, made());
  if (!focused) return;
  const same = element.contains(focused)
    ? focused
    : [...element.querySelectorAll(focused.tagName)].find(other => placeOf(other) === before);
  same?.focus({ preventScroll: true });
}

/**
 * Lets `children` be all that `element` holds. What is there already is not touched: it keeps what is selected and typed in it, and
 * costs the browser nothing, however much of it there is.
 */
export function fill(element, children) {
  const wanted = new Set(children);
  children.forEach((child, place) => {
    const there = element.children[place];
    if (there === child) return;
    if (there && !wanted.has(there)) there.replaceWith(child);
    else element.insertBefore(child, there ?? null);
  });
  while (element.children.length > children.length) element.lastElementChild.remove();
}

/** Links are told apart by where they lead, buttons by what they say and in which part. */
function placeOf(element) {
  const part = element.closest('[data-part]')?.dataset.part;
  return `${part} ${element.getAttribute('href') ?? element.textContent}`;
}
