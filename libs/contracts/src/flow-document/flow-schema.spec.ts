import { readFileSync, writeFileSync } from 'node:fs';
import { keysAt, flowSchema } from './flow-schema.js';

const published = new URL('../../flow.schema.json', import.meta.url);

describe('the published schema of flow documents', () => {
  it('is the schema that documents are checked against: run with UPDATE_SCHEMA=1 after a change', () => {
    if (process.env['UPDATE_SCHEMA'] === '1') {
      writeFileSync(published, `${JSON.stringify(flowSchema(), undefined, 2)}\n`);
    }
    expect(JSON.parse(readFileSync(published, 'utf8'))).toEqual(JSON.parse(JSON.stringify(flowSchema())));
  });

  it('explains every key that an author can write in a step', () => {
    const keys = keysAt(['steps', 0]);
    expect([...keys.keys()]).toEqual(expect.arrayContaining(['key', 'needs', 'agent', 'run', 'gate', 'timeout']));
    expect([...keys].filter(([, meaning]) => meaning === '')).toEqual([]);
  });

  it('knows the keys behind a choice of forms', () => {
    expect([...keysAt(['steps', 3, 'gates', 'before']).keys()]).toEqual(expect.arrayContaining(['message']));
  });
});
