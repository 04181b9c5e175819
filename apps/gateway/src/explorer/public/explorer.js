import { follow } from '/console/graphql.js';
import { signIn, signOut, takeTokenFromAddress, token } from '/console/session.js';

const { React, ReactDOM, GraphiQL } = globalThis;

const START = `# Every field is described: press Ctrl-Space, or open the documentation on the left.
{
  viewer { member { name } workspace { name } scopes }
  runs(first: 10) { nodes { number status flow { name } cost { total { formatted } } } }
}
`;

takeTokenFromAddress();
const field = document.getElementById('token');
field.value = token() ?? '';
field.addEventListener('input', () => (field.value ? signIn(field.value) : signOut()));
field.addEventListener('change', () => draw());
document.getElementById('bar').addEventListener('submit', event => event.preventDefault());

/** Subscriptions go over the socket, everything else over HTTP. */
function fetcher({ query, variables, operationName }, { headers = {}, documentAST } = {}) {
  const operations = documentAST?.definitions.filter(one => one.kind === 'OperationDefinition') ?? [];
  const operation = operations.find(one => !operationName || one.name?.value === operationName);
  if (operation?.operation === 'subscription')
    return { subscribe: observer => ({ unsubscribe: stream(query, variables, observer) }) };
  return fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token() && { authorization: `Bearer ${token()}` }), ...headers },
    body: JSON.stringify({ query, variables, operationName }),
  }).then(response => response.json());
}

function stream(query, variables, observer) {
  return follow(query, variables, {
    next: () => {},
    received: observer.next,
    failed: observer.error,
    expired: () => {},
  });
}

const root = ReactDOM.createRoot(document.getElementById('explorer'));
/** A changed token may show another schema: a new key makes GraphiQL ask again. */
function draw() {
  root.render(
    React.createElement(GraphiQL, { key: token() ?? '', fetcher, defaultQuery: START, isHeadersEditorEnabled: true }),
  );
}
draw();

const LABELS = { graphql: 'Query', 'graphql-variables': 'Variables', 'graphql-results': 'Answer' };

/** The editors type into fields that are out of sight, and have no label unless they are told one: screen readers read it out. */
function labelEditors() {
  for (const { CodeMirror: editor } of document.querySelectorAll('#explorer .CodeMirror')) {
    const mode = editor.getOption('mode');
    const label = LABELS[mode?.name ?? mode] ?? 'Headers';
    if (editor.getOption('screenReaderLabel') !== label) editor.setOption('screenReaderLabel', label);
  }
}
new MutationObserver(labelEditors).observe(document.getElementById('explorer'), { childList: true, subtree: true });
