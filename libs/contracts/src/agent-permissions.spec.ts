import { DANGEROUS_TOOLS, meansTool, toolsThatAsk } from './agent-permissions.js';

describe('the tools that ask first', () => {
  it('are only those that no sandbox holds, where nobody has said anything', () => {
    expect(toolsThatAsk({}, {})).toEqual(['start_flow']);
    expect(toolsThatAsk({ dangerousTools: ['bash'] }, {})).toEqual(['start_flow']);
    expect(toolsThatAsk({}, { permissions: 'ALLOW' })).toEqual([]);
  });

  it('are those that change things, once a step or its profile asks', () => {
    expect(toolsThatAsk({ permissions: 'ASK' }, {})).toEqual(DANGEROUS_TOOLS);
    expect(toolsThatAsk({}, { permissions: 'ASK' })).toEqual([
      'bash',
      'write_file',
      'edit_file',
      'start_flow',
      'mcp__*',
    ]);
  });

  it('are what the step says, before what the profile says', () => {
    expect(toolsThatAsk({ permissions: 'ALLOW' }, { permissions: 'ASK' })).toEqual([]);
    expect(toolsThatAsk({ dangerousTools: ['bash'] }, { permissions: 'ASK', dangerousTools: [] })).toEqual(['bash']);
    expect(toolsThatAsk({}, { permissions: 'ASK', dangerousTools: ['read_file'] })).toEqual(['read_file']);
  });

  it('are named one by one, or by how their names begin', () => {
    expect(meansTool(['bash', 'mcp__github__*'], 'mcp__github__create_issue')).toBe(true);
    expect(meansTool(['mcp__*'], 'bash')).toBe(false);
    expect(meansTool(['mcp__github__list'], 'mcp__github__list_all')).toBe(false);
  });
});
