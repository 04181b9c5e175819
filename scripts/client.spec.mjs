import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generated } from './client.mjs';

describe('the client package', () => {
  it('knows the schema as it is: run `npm run docs` after a change of it or of libs/client/operations', async () => {
    const committed = readFileSync(join(import.meta.dirname, '../libs/client/src/generated.ts'), 'utf8');
    expect(await generated()).toBe(committed);
  });
});
