import { flowSchema, type SchemaNode } from '@runledger/contracts';
import { readFlow } from './read-flow.js';

type Path = readonly (string | number)[];
type Block = Record<string, unknown>;

/** Every keyword with its examples, each shape once. */
function keywords(root: SchemaNode): { readonly path: Path; readonly node: SchemaNode }[] {
  const seen = new Set<SchemaNode>();
  const visit = (node: SchemaNode, path: Path): { path: Path; node: SchemaNode }[] => {
    const target = node.$ref ? root.$defs?.[node.$ref.replace('#/$defs/', '')] : node;
    if (!target || seen.has(target)) return [];
    seen.add(target);
    const own = Object.entries(target.properties ?? {}).flatMap(([key, inner]) => [
      { path: [...path, key], node: inner },
      ...visit(inner, [...path, key]),
    ]);
    const options = (target.anyOf ?? []).flatMap(option => visit(option, path));
    return [...own, ...options, ...(target.items ? visit(target.items, [...path, 0]) : [])];
  };
  return visit(root, []);
}

/** A flow around the step that the examples are about; they speak of its neighbours. */
const around = (step: Block): Block => ({
  slug: 'a',
  parameters: { version: 'string', deploy: 'boolean' },
  steps: [
    { key: 'build', run: 'x', artifacts: ['dist/**'] },
    { key: 'test', needs: ['build'], run: 'x' },
    step,
    { key: 'mend', needs: ['it'], run: 'x' },
    { key: 'deploy', needs: ['it'], run: 'x' },
  ],
});

/** What a block must say so that one keyword more makes sense. */
const BLOCK: Readonly<Record<string, Block>> = {
  agent: { provider: 'scripted', prompt: 'p', model: 'm' },
  'agent.script.0.tools.0': { name: 'bash', arguments: {} },
  command: { run: 'x' },
  concurrency: { key: 'k' },
  'consumes.0': { step: 'build' },
  function: { name: 'open-ticket' },
  gate: { message: 'm' },
  'onFailure.retry': { max: 3 },
  output: { schema: { type: 'object' } },
  'routes.0': { to: 'deploy' },
};
/** What a keyword needs beside it. */
const BESIDE: Readonly<Record<string, Block>> = {
  'gate.onTimeout': { timeout: '1h' },
  'gate.escalateTo': { timeout: '1h', onTimeout: 'ESCALATE' },
  'onFailure.retry.backoffMs': { maxBackoff: '1h' },
};
const OWN_WORK = ['agent', 'run', 'command', 'function'];

function documentWith(path: Path, example: unknown): Block {
  if (path[0] !== 'steps' || path.length === 1) {
    const flow = around({ key: 'it', needs: ['test'], run: 'x' });
    put(flow, path, example);
    if (path[0] === 'parameters') flow['steps'] = [{ key: 'it', run: 'x' }];
    return flow;
  }
  const [, , ...inner] = path;
  const work = OWN_WORK.includes(String(inner[0])) ? {} : { run: 'x' };
  const step: Block = { key: 'it', needs: ['test'], ...work };
  put(step, inner, example);
  const flow = around(step);
  if (step['key'] !== 'it')
    flow['steps'] = [step, { key: 'build', run: 'x' }].map(({ needs: _needs, ...rest }: Block) => rest);
  return flow;
}

function put(root: Block, path: Path, value: unknown): void {
  let at = root;
  for (const [index, part] of path.slice(0, -1).entries()) {
    const block = BLOCK[path.slice(0, index + 1).join('.')] ?? {};
    at[part] ??= typeof path[index + 1] === 'number' ? [] : { ...block };
    at = at[part] as Block;
  }
  Object.assign(at, BESIDE[path.join('.')], { [path.at(-1) ?? '']: value });
}

const cases = keywords(flowSchema()).map(({ path, node }) => [path.join('.'), path, node] as const);

describe('the reference of the flow format', () => {
  it.each(cases)('explains %s and gives an example', (_name, _path, node) => {
    expect(node.description).toBeTruthy();
    expect(node.examples?.length).toBeGreaterThan(0);
  });

  it.each(cases)('gives an example of %s that can be published', (_name, path, node) => {
    for (const example of node.examples ?? []) {
      expect(readFlow(JSON.stringify(documentWith(path, example)))).toHaveProperty('flow');
    }
  });
});
