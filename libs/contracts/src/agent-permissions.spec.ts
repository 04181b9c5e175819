import { DANGEROUS_TOOLS, toolsThatAsk } from './agent-permissions.js';

describe('the tools that ask first', () => {
  it('are none where nobody has switched asking on: flows that exist do not begin to wait', () => {
    expect(toolsThatAsk({}, {})).toEqual([]);
    expect(toolsThatAsk({ dangerousTools: ['bash'] }, {})).toEqual([]);
  });

  it('are those that change things, once a step or its profile asks', () => {
    expect(toolsThatAsk({ permissions: 'ASK' }, {})).toEqual(DANGEROUS_TOOLS);
    expect(toolsThatAsk({}, { permissions: 'ASK' })).toEqual(['bash', 'write_file', 'edit_file']);
  });

  it('are what the step says, before what the profile says', () => {
    expect(toolsThatAsk({ permissions: 'ALLOW' }, { permissions: 'ASK' })).toEqual([]);
    expect(toolsThatAsk({ dangerousTools: ['bash'] }, { permissions: 'ASK', dangerousTools: [] })).toEqual(['bash']);
    expect(toolsThatAsk({}, { permissions: 'ASK', dangerousTools: ['read_file'] })).toEqual(['read_file']);
  });
});
