import { refusalBy, upgradeRefusal } from './cluster-refusals.js';

const right = { verb: 'create', resource: 'pods/exec', namespace: 'sandboxes' };
const status = (code: number, message: string) => ({ code, body: JSON.stringify({ kind: 'Status', code, message }) });

describe('what an API server answers instead of a connection', () => {
  it.each([
    ['a pod that is gone', status(404, 'pods "a" not found')],
    ['a pod that has no node yet', status(400, 'pod a does not have a host assigned')],
    ['a pod that is being changed', status(409, 'try again')],
  ])('is of %s', (_what, answer) => {
    expect(upgradeRefusal(answer, right)).toBeUndefined();
  });

  it.each([
    ['a page', { code: 400, body: '<html>' }],
    ['a page of who may not', { code: 403, body: '<html>' }],
    ['a page of what is not there', { code: 404, body: '' }],
    ['that it wants another protocol', { code: 426, body: '' }],
    ['that it is no upgrade', status(400, 'Upgrade request required')],
  ])('is of something in between that knows no WebSockets: %s', (_what, answer) => {
    expect(upgradeRefusal(answer, right)).toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
    expect(upgradeRefusal(answer, right)?.message).toMatch(/passes no WebSockets on/);
  });

  it.each([429, 500, 502, 503])('may pass: %i, whoever says it', code => {
    expect(upgradeRefusal({ code, body: 'busy' }, right)).toMatchObject({ code: 'ENGINE_SILENT' });
    expect(upgradeRefusal(status(code, 'busy'), right)).toMatchObject({ code: 'ENGINE_SILENT' });
  });

  it('is not explained when nobody knows it', () => {
    expect(refusalBy(status(422, 'spec.containers[0].image: Required value'), right)).toBeUndefined();
  });
});
