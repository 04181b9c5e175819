import { RetryableError } from '@runledger/kernel';
import { jest } from '@jest/globals';
import { generateKeyPairSync, hash } from 'node:crypto';
import { SignJWT } from 'jose';
import { context, Greet } from '../describe-commands.fixture.js';
import { clientOf, privateKeyOf, startService } from './service-world.fixture.js';
import type { TestService } from './service-world.fixture.js';
import { ServiceTokenSigner } from './service-tokens.js';

interface Answer {
  readonly status: number;
  readonly fault?: { readonly code: string; readonly retryable: boolean; readonly message: string };
  readonly outcome?: unknown;
}

describe('the internal port of a service', () => {
  let service: TestService;
  let greeted: string[];

  beforeEach(async () => {
    service = await startService();
    greeted = [];
    service.registry.answer(Greet, ({ name }) => {
      greeted.push(name);
      return Promise.resolve({ status: 'accepted', output: { text: '' }, position: 1n });
    });
  });
  afterEach(() => service.server.close());

  const body = (name = 'eve') => JSON.stringify({ input: { name }, context });
  const purpose = { service: 'approval', command: 'Greet', commandId: context.commandId, body: body() };
  const signer = (caller: string) => new ServiceTokenSigner(caller, privateKeyOf(caller));

  async function post(
    token: string | undefined,
    more: { path?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(`${service.url}${more.path ?? '/commands/approval/Greet'}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': context.commandId,
        ...(token && { authorization: `Bearer ${token}` }),
        ...more.headers,
      },
      body: more.body ?? body(),
    });
    return { status: response.status, ...((await response.json()) as object) };
  }

  it('takes a command of whom it knows and lets in', async () => {
    expect(await post(await signer('gateway').sign(purpose))).toMatchObject({
      status: 200,
      outcome: { status: 'accepted', position: '1' },
    });
    expect(greeted).toEqual(['eve']);
  });

  describe('does nothing for a command whose token', () => {
    const claims = { cmd: 'Greet', body: hash('sha256', body(), 'base64url') };
    const signed = async (key = privateKeyOf('gateway'), expires = '30s', issued?: string, says: object = claims) =>
      new SignJWT({ ...says })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'gateway' })
        .setIssuer('gateway')
        .setAudience('approval')
        .setJti(context.commandId)
        .setIssuedAt(issued === undefined ? undefined : new Date(issued))
        .setExpirationTime(expires)
        .sign(key);

    it.each([
      ['is missing', () => Promise.resolve(undefined), 'is missing'],
      ['is no token', () => Promise.resolve('gateway'), 'is not genuine'],
      ['was signed by a stranger', () => signed(generateKeyPairSync('ed25519').privateKey), 'is not genuine'],
      ['has expired', () => signed(undefined, '-6s'), 'has expired'],
      ['never expires', () => signed(undefined, '10y', '2026-01-01T00:00:00Z'), 'has expired'],
      ['says nothing of the data', () => signed(undefined, '30s', undefined, { cmd: 'Greet' }), 'is not genuine'],
      ['is for another service', () => signer('gateway').sign({ ...purpose, service: 'billing' }), 'another service'],
      ['is for another command', () => signer('gateway').sign({ ...purpose, command: 'Decide' }), 'another command'],
      ['is for another id', () => signer('gateway').sign({ ...purpose, commandId: 'c2' }), 'another command'],
      ['is for other data', () => signer('gateway').sign({ ...purpose, body: body('bob') }), 'another command'],
      ['has no signature', async () => `${(await signed()).split('.').slice(0, 2).join('.')}.`, 'is not genuine'],
    ])('%s', async (_what, token, reason) => {
      const { status, fault } = await post(await token());
      expect([status, fault?.code, fault?.retryable]).toEqual([401, 'SERVICE_TOKEN_REFUSED', false]);
      expect(fault?.message).toContain(reason);
      expect(greeted).toEqual([]);
    });

    it('is of a service that may not ask', async () => {
      const sent = clientOf([service.url], { caller: 'billing' }).send(Greet, { name: 'eve' }, context);
      await expect(sent).rejects.toMatchObject({ code: 'CALLER_NOT_ALLOWED', fields: { caller: 'billing' } });
      expect(greeted).toEqual([]);
    });
  });

  it('takes the time of a caller whose clock is a little off', async () => {
    const now = Date.now();
    const late = jest.spyOn(Date, 'now').mockReturnValue(now - 3_000);
    const token = await signer('gateway').sign(purpose);
    late.mockRestore();
    expect((await post(token, { headers: { 'runledger-deadline': String(now - 3_000) } })).status).toBe(200);
  });

  it('refuses work for which nobody waits any more', async () => {
    const headers = { 'runledger-deadline': String(Date.now() - 60_000) };
    const { status, fault } = await post(await signer('gateway').sign(purpose), { headers });
    expect([status, fault?.code, fault?.retryable]).toEqual([504, 'DEADLINE_PASSED', true]);
    expect(greeted).toEqual([]);
  });

  it('names what it does not know, and what does not fit', async () => {
    const farewell = await signer('gateway').sign({ ...purpose, command: 'Farewell' });
    expect(await post(farewell, { path: '/commands/approval/Farewell' })).toMatchObject({
      status: 404,
      fault: { code: 'UNKNOWN_COMMAND', retryable: false },
    });
    const misfit = body('');
    expect(await post(await signer('gateway').sign({ ...purpose, body: misfit }), { body: misfit })).toMatchObject({
      status: 400,
      fault: { code: 'INVALID_COMMAND' },
    });
    const torn = body().slice(0, -3);
    expect(await post(await signer('gateway').sign({ ...purpose, body: torn }), { body: torn })).toMatchObject({
      status: 400,
      fault: { code: 'MALFORMED_COMMAND' },
    });
    const other = body().replace(context.commandId, 'c2');
    expect(await post(await signer('gateway').sign({ ...purpose, body: other }), { body: other })).toMatchObject({
      status: 400,
      fault: { code: 'MALFORMED_COMMAND' },
    });
  });

  it('reads no more than a command can be long', async () => {
    const sent = clientOf([service.url]).send(Greet, { name: 'e'.repeat(9_000_000) }, context);
    await expect(sent).rejects.toMatchObject({ code: 'COMMAND_TOO_LARGE', fields: { maxBytes: 8_000_000 } });
  });

  it('finishes what is under way before it ends, and says at once that it is not ready', async () => {
    const health = async () => (await fetch(`${service.url}/health/ready`)).status;
    let finish = () => undefined as void;
    const begun = new Promise<void>(resolve => {
      const slow = { ...Greet, name: 'GreetSlowly' };
      service.registry.answer(slow, async () => {
        resolve();
        await new Promise<void>(done => (finish = done));
        return { status: 'accepted', output: { text: 'slowly' }, position: undefined };
      });
    });
    const slow = clientOf([service.url]).send({ ...Greet, name: 'GreetSlowly' }, { name: 'eve' }, context);
    await begun;
    expect(await health()).toBe(200);
    expect(await service.server.drain(1)).toBe(false);
    const drained = service.server.drain(20_000);
    expect([await health(), (await fetch(`${service.url}/health/live`)).status]).toEqual([503, 200]);
    await expect(clientOf([service.url]).send(Greet, { name: 'bob' }, context)).rejects.toThrow(RetryableError);
    finish();
    expect(await drained).toBe(true);
    expect(await slow).toMatchObject({ output: { text: 'slowly' } });
    expect(greeted).toEqual([]);
  });

  it('says of an address that nothing has what the port is for', async () => {
    const answers = await Promise.all(
      [
        ['GET', '/'],
        ['GET', '/commands/approval/Greet'],
        ['POST', '/health/live'],
      ].map(async ([method, path]) => {
        const answer = await fetch(`${service.url}${path}`, { method: method ?? 'GET' });
        return [answer.status, await answer.json()] as const;
      }),
    );
    const fix = expect.stringMatching(
      /^This port is for the other processes and for probes: `\/health\/live`/,
    ) as string;
    const error = { code: 'NOT_FOUND', message: 'Nothing has this address.', fix };
    expect(answers).toEqual(Array.from(answers, () => [404, { error }]));
  });

  it('is passed over for another while what it needs is away, and says so when there is no other', async () => {
    const overloaded = Object.assign(new Error('remaining connection slots are reserved'), { code: '53300' });
    const hindered = { ...Greet, name: 'Hindered' };
    service.registry.answer(hindered, () => Promise.reject(overloaded));
    const patience = { patienceMs: 50 };
    await expect(clientOf([service.url], patience).send(hindered, { name: 'eve' }, context)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    expect(service.logged()).toMatch(/remaining connection slots/);
  });

  it('writes a defect down where it happened, and never the token', async () => {
    const broken = { ...Greet, name: 'Break' };
    service.registry.answer(broken, () => Promise.reject(new TypeError('no such cupboard')));
    await expect(clientOf([service.url]).send(broken, { name: 'eve' }, context)).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
    });
    expect(service.logged()).toMatch(/no such cupboard/);
    await post((await signer('gateway').sign(purpose)).replace(/.{9}$/, 'forged-ab'));
    expect(service.logged()).not.toMatch(/eyJ|forged/);
  });
});
