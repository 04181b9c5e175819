import { Readiness } from './readiness.js';

describe('readiness', () => {
  it('is given when every check is ok', async () => {
    const readiness = new Readiness();
    readiness.add('store', () => ({ ok: true }));
    expect(await readiness.report()).toEqual({ status: 'ready', checks: { store: { ok: true } } });
  });

  it('names what is wrong, also when a check throws or never answers', async () => {
    const readiness = new Readiness();
    readiness.add('store', () => Promise.reject(new Error('connection refused')));
    readiness.add('runs', () => ({ ok: false, message: 'stopped at 12' }));
    readiness.add('sandbox', () => new Promise(() => undefined));
    expect(await readiness.report()).toEqual({
      status: 'not-ready',
      checks: {
        store: { ok: false, message: 'connection refused' },
        runs: { ok: false, message: 'stopped at 12' },
        sandbox: { ok: false, message: 'No answer within 2000 ms.' },
      },
    });
  });

  it('forgets a check that is taken away, and takes no two of one name', async () => {
    const readiness = new Readiness();
    const remove = readiness.add('runs', () => ({ ok: false }));
    expect(() => readiness.add('runs', () => ({ ok: true }))).toThrow(/Two readiness checks/);
    remove();
    expect((await readiness.report()).status).toBe('ready');
  });
});
