import { blockCauseOf } from './block-causes.js';

it('is what the codes of the vocabulary ask for', () => {
  expect(blockCauseOf('ERROR', { code: 'quota', message: 'No money.' })).toMatchObject({ kind: 'CREDENTIAL' });
});

it.each(['TRACKER', 'constructor', '__proto__'])('is nothing for %s, a code that anybody may make up', code => {
  expect(blockCauseOf('ERROR', { code, message: 'No.' })).toBeUndefined();
  expect(blockCauseOf('BLOCKED', { code, message: 'No.' })).toMatchObject({ kind: 'SELF_REPORTED' });
});
