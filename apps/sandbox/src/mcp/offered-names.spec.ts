import { named } from './offered-names.js';

const offeredNames = (server: string, tools: readonly string[]) =>
  named(
    server,
    tools.map(tool => ({ tool })),
  ).map(({ name }) => name);

describe('the names of the tools of a server', () => {
  it('are those of the server, wherever a model takes them', () => {
    expect(offeredNames('tickets', ['create', 'list-all', 'Read_one'])).toEqual([
      'mcp__tickets__create',
      'mcp__tickets__list-all',
      'mcp__tickets__Read_one',
    ]);
  });

  it('have an underscore for what no model takes, and are told apart where they would be the same', () => {
    expect(offeredNames('tickets', ['issues.create', 'admin/tools list'])).toEqual([
      'mcp__tickets__issues_create',
      'mcp__tickets__admin_tools_list',
    ]);
    const [dotted, slashed, own] = offeredNames('t', ['a.b', 'a/b', 'a_b']);
    expect(own).toBe('mcp__t__a_b');
    expect(dotted).toMatch(/^mcp__t__a_b_[0-9a-f]{8}$/);
    expect(slashed).toMatch(/^mcp__t__a_b_[0-9a-f]{8}$/);
    expect(dotted).not.toBe(slashed);
  });

  it('are shortened, and stay what they are', () => {
    const long = ['x', 'y'].map(last => `${'long_'.repeat(20)}${last}`);
    const names = offeredNames('t', long);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{64}$/);
    expect(new Set(names).size).toBe(2);
    expect(offeredNames('t', [...long].reverse())).toEqual([...names].reverse());
  });
});
