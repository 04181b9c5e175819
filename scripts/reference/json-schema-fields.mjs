/** Turns a JSON Schema into rows of fields: dotted path, type in words, whether it must be there, what it means. */

const DEEPEST = 3;

/** What fields of these names mean wherever they appear. */
const EVERYWHERE = {
  runId: 'the run, `run_…`',
  step: 'key of the step within its flow',
  attempt: 'which try of the step, from 1',
  attemptId: 'the attempt, `att_<run key>.<step>.<n>`',
  workspaceId: 'the workspace, `ws_…`',
  flowId: 'the flow, `flow_<slug>`',
  requestId: 'the approval request, `apr_<run key>.<step>.before.<n>`',
  entryId: 'the transcript entry that it belongs to',
  callId: 'the tool call, unique within the run',
  by: 'who did it',
  comment: 'what they said with it',
  error: 'what went wrong: code, message, how to fix it, stack',
  sha256: 'address of the content in the blob store, lower-case hex',
};

export function fieldRows(schema, comments = {}, root = schema, prefix = '') {
  const { properties = {}, required = [] } = resolved(schema, root);
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = prefix + name;
    const meaning = property.description ?? comments[path] ?? EVERYWHERE[name] ?? '';
    const row = [`\`${path}\``, typeOf(property, root), required.includes(name) ? 'yes' : 'no', meaning];
    return [row, ...nested(property, comments, root, path)];
  });
}

function nested(property, comments, root, path) {
  const body = resolved(property, root);
  const depth = path.split('.').length;
  if (depth >= DEEPEST) return [];
  if (body.properties) return fieldRows(body, comments, root, `${path}.`);
  const items = body.items && resolved(body.items, root);
  return items?.properties ? fieldRows(items, comments, root, `${path}[].`) : [];
}

/** A type in words, Markdown. */
export function typeOf(schema, root) {
  const body = resolved(schema, root);
  if (isAnyJson(body)) return 'any JSON';
  if (body.const !== undefined) return `\`${JSON.stringify(body.const)}\``;
  if (body.enum) return body.enum.map(value => `\`${JSON.stringify(value)}\``).join(' or ');
  const options = body.anyOf ?? body.oneOf;
  if (options) return [...new Set(options.map(option => typeOf(option, root)))].join(' or ');
  if (body.type === 'array') return `list of ${body.items ? typeOf(body.items, root) : 'any JSON'}`;
  if (Array.isArray(body.type)) return body.type.join(' or ');
  if (body.type === 'object') return objectType(body, root);
  return [body.type ?? 'any JSON', limits(body)].filter(part => part !== '').join(', ');
}

function objectType(body, root) {
  const values = body.additionalProperties;
  if (body.properties || typeof values !== 'object') return 'object';
  return `map of ${typeOf(values, root)}`;
}

function limits(body) {
  const parts = [];
  if (body.format) parts.push(body.format);
  else if (body.pattern) parts.push(`matches \`${body.pattern}\``);
  if (body.maxLength !== undefined) parts.push(`at most ${body.maxLength} characters`);
  if (body.minimum > Number.MIN_SAFE_INTEGER) parts.push(`≥ ${body.minimum}`);
  if (body.exclusiveMinimum !== undefined) parts.push(`> ${body.exclusiveMinimum}`);
  if (body.maximum < Number.MAX_SAFE_INTEGER) parts.push(`≤ ${body.maximum}`);
  if (body.default !== undefined) parts.push(`default \`${JSON.stringify(body.default)}\``);
  return parts.join(', ');
}

function resolved(schema, root) {
  if (typeof schema !== 'object' || !schema.$ref) return schema;
  const target = schema.$ref
    .replace(/^#\/?/, '')
    .split('/')
    .filter(part => part !== '')
    .reduce((at, part) => at?.[part], root);
  if (target === undefined) throw new Error(`The schema refers to ${schema.$ref}, which is not there.`);
  return { ...target, ...(schema.description ? { description: schema.description } : {}) };
}

/** The recursive "string, number, boolean, null, list or map" that stands for any JSON. */
function isAnyJson(body) {
  const options = body.anyOf ?? [];
  return (
    options.length >= 5 && options.some(({ type }) => type === 'null') && options.some(({ type }) => type === 'array')
  );
}
