import type { OfferedTool } from '../mcp/mcp-tools.js';
import { readArguments, functionTools } from './function-tools.js';
import { toolInputs } from './tool-inputs.js';

const offered: OfferedTool[] = [
  { name: 'mcp__wiki__find', server: 'wiki', tool: 'find', description: 'Finds.', inputSchema: { type: 'object' } },
  { name: 'mcp__wiki__edit', server: 'wiki', tool: 'edit', description: 'Edits.', inputSchema: { type: 'object' } },
];

describe('tools as a model is told of them', () => {
  it('have the same text each time, or vendors keep no prompt', () => {
    const [bash] = functionTools(['bash'], []);
    expect(JSON.stringify(bash?.inputSchema)).toBe(
      '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"command":{"type":"string","minLength":1,"maxLength":100000},' +
        '"timeout_ms":{"description":"Default 120000. In the background: the time that is left.","type":"integer","minimum":100,"maximum":600000},' +
        '"run_in_background":{"description":"Returns at once; read what it writes with bash_output, end it with bash_stop. For servers and watchers.","type":"boolean"}},' +
        '"required":["command"],"additionalProperties":false}',
    );
    expect(functionTools(['bash'], [])[0]).toBe(bash);
  });

  it.each(Object.keys(toolInputs) as (keyof typeof toolInputs)[])('take nothing that they do not name: %s', name => {
    const [tool] = functionTools([name], []);
    const text = JSON.stringify(tool);
    const [objects, closed] = [/"properties":/g, /"additionalProperties":false/g].map(each => text.match(each)?.length);
    expect(objects).toBeGreaterThan(0);
    expect(closed).toBe(objects);
  });

  it('are those of the agent, ours first, each once', () => {
    const names = functionTools(['mcp__wiki__find', 'read_file', 'bash', 'read_file'], offered).map(({ name }) => name);
    expect(names).toEqual(['read_file', 'bash', 'mcp__wiki__find']);
  });
});

describe('arguments of a call', () => {
  const tools = ['bash', 'todo_write', 'mcp__wiki__find'] as const;

  it.each<[string, string, string, unknown]>([
    ['fit', 'bash', '{"timeout_ms":500,"command":"ls"}', { command: 'ls', timeout_ms: 500 }],
    ['do not fit', 'bash', '{"cmd":"ls"}', { cmd: 'ls' }],
    ['are cut off', 'bash', '{"command": "ls', '{"command": "ls'],
    ['are a list', 'bash', '["ls"]', ['ls']],
    ['are missing', 'bash', '', ''],
    ['are left out for a server that wants none', 'mcp__wiki__find', ' ', {}],
    ['are for a server to check', 'mcp__wiki__find', '{"b":1,"a":2}', { b: 1, a: 2 }],
    ['are of a tool that is not there', 'write_file', '{"b":1}', { b: 1 }],
    ['are of a tool by the name of what every object has', 'toString', '{"b":1}', { b: 1 }],
    ['would change prototypes', 'mcp__wiki__find', '{"a":[{"__proto__":{"b":1}}]}', '{"a":[{"__proto__":{"b":1}}]}'],
    [
      'would change a prototype by its constructor',
      'mcp__wiki__find',
      '{"constructor":{"prototype":{}}}',
      '{"constructor":{"prototype":{}}}',
    ],
  ])('that %s', (_case, toolName, input, found) => {
    expect(readArguments({ toolName, input }, tools)).toEqual(found);
  });

  it('stand in the order of the tool, however a model writes them', () => {
    const found = readArguments({ toolName: 'bash', input: '{"timeout_ms":500,"command":"ls"}' }, tools);
    expect(JSON.stringify(found)).toBe('{"command":"ls","timeout_ms":500}');
  });
});
