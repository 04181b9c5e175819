import { h } from './elements.js';

/** What is shown of a call that readers know: the diff of an edit, a new file, a page, what the agent has set itself to do. */
export function toolStructure(detail) {
  switch (detail?.kind) {
    case 'diff':
      return [diff(detail.diff)];
    case 'file':
      return [h('pre.file', {}, detail.content), detail.truncated && h('p.mute', {}, 'The rest is left out here.')];
    case 'fetch':
      return fetched(detail);
    case 'todo':
      return [h('ul.todo', {}, detail.items.map(todo))];
    default:
      return [];
  }
}

function diff(text) {
  const classes = { '+': 'added', '-': 'removed', '@': 'place' };
  return h(
    'pre.diff',
    {},
    text.split('\n').map(line => h(`span.${classes[line[0]] ?? 'same'}`, {}, `${line}\n`)),
  );
}

function fetched({ url, finalUrl, status, mediaType, preview }) {
  const facts = [finalUrl && finalUrl !== url && `→ ${finalUrl}`, status, mediaType].filter(Boolean);
  return [facts.length > 0 && h('p.mute', {}, facts.join(' · ')), preview && h('pre.file', {}, preview)];
}

function todo({ content, status }) {
  const signs = { pending: '○', in_progress: '◐', completed: '●' };
  return h('li', { class: `is-${status}` }, h('span', { title: status.replace('_', ' ') }, signs[status]), content);
}
