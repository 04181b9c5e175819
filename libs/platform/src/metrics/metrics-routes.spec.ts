import { Metrics } from './metrics.js';
import { MetricsRoutes } from './metrics-routes.js';
import type { MetricsAccess } from './metrics-routes.js';

async function statusFor(access: MetricsAccess, from: string, headers: Record<string, string> = {}): Promise<number> {
  let answered = 0;
  const reply = {
    status: (code: number) => {
      answered = code;
      return reply;
    },
    header: () => reply,
    send: () => undefined,
  };
  const request = { headers, socket: { remoteAddress: from } };
  await new MetricsRoutes(new Metrics(), access).read(request, reply);
  return answered;
}

describe('who may read the metrics', () => {
  it('is a program on this machine, unless the operator says otherwise', async () => {
    for (const here of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
      expect(await statusFor({ from: 'loopback' }, here)).toBe(200);
    for (const there of ['10.0.0.7', '::ffff:10.0.0.7', ''])
      expect(await statusFor({ from: 'loopback' }, there)).toBe(404);
  });

  it('is nobody who comes through a proxy on this machine', async () => {
    for (const header of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
      expect(await statusFor({ from: 'loopback' }, '127.0.0.1', { [header]: '203.0.113.9' })).toBe(404);
    }
  });

  it('is whoever presents the token when there is one, and nobody else', async () => {
    const access = { from: 'loopback', token: 'scrape-me' } as const;
    expect(await statusFor(access, '203.0.113.9', { authorization: 'Bearer scrape-me' })).toBe(200);
    expect(await statusFor(access, '203.0.113.9', { authorization: 'Bearer scrape-you' })).toBe(404);
    expect(await statusFor(access, '127.0.0.1')).toBe(404);
    expect(await statusFor({ from: 'open', token: 'scrape-me' }, '127.0.0.1')).toBe(404);
  });

  it('is everybody on a port that only operators reach, and nobody when they are off', async () => {
    expect(await statusFor({ from: 'open' }, '203.0.113.9')).toBe(200);
    expect(
      await statusFor({ from: 'off', token: 'scrape-me' }, '127.0.0.1', { authorization: 'Bearer scrape-me' }),
    ).toBe(404);
  });
});
