import { rehearseAgent } from './rehearsal.js';

describe('the rehearsal of a runner that waits for work', () => {
  it('plays an agent to its end, with a tool on the way, and has neither a sandbox nor a place to write', async () => {
    expect(await rehearseAgent()).toMatchObject({ outcome: 'SUCCESS', turns: 2, summary: 'Done.' });
  });
});
