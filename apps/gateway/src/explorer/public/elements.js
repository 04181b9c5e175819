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

export function problem(error) {
  return h('div.problem', { role: 'alert' }, h('strong', {}, error.message), error.fix && h('p', {}, error.fix));
}
