import { createHmac, randomBytes } from 'node:crypto';
import { mintWebhookSecret, openSecret, sealSecret, signingKey } from './webhook-secret.js';
import { checkGithub, checkStandard } from './webhook-signature.js';

describe('a message of GitHub', () => {
  // The vector of GitHub's documentation, "Validating webhook deliveries".
  const secret = "It's a Secret to Everybody";
  const body = Buffer.from('Hello, World!');
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

  it('is known by its signature', () => {
    expect(checkGithub(secret, body, signature)).toBe('good');
  });

  it.each([
    ['another body', secret, 'Hello, World?', signature],
    ['another secret', 'It’s another one', 'Hello, World!', signature],
    ['the older scheme', secret, 'Hello, World!', signature.replace('sha256', 'sha1')],
    ['half a signature', secret, 'Hello, World!', signature.slice(0, -2)],
    ['no signature', secret, 'Hello, World!', ''],
  ])('is refused with %s', (_case, key, text, given) => {
    expect(checkGithub(key, Buffer.from(text), given)).toBe('bad');
  });
});

describe('a message of the Standard Webhooks scheme', () => {
  // The vector of the scheme's reference libraries.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const message = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: '1614265330',
    signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    body: Buffer.from('{"test": 2432232314}'),
  };
  const then = 1_614_265_330_000;

  it('is known by its signature, also when there are several', () => {
    expect(checkStandard(secret, message, then)).toBe('good');
    const rotated = `v1,${Buffer.alloc(32).toString('base64')} v2,abc ${message.signature}`;
    expect(checkStandard(secret, { ...message, signature: rotated }, then)).toBe('good');
  });

  it('is refused when it is late or comes from the future', () => {
    expect(checkStandard(secret, message, then + 300_000)).toBe('good');
    expect(checkStandard(secret, message, then + 300_001)).toBe('stale');
    expect(checkStandard(secret, message, then - 300_001)).toBe('stale');
  });

  it.each([
    ['another id', { id: 'msg_other' }],
    ['another time', { timestamp: '1614265331' }],
    ['a time that is none', { timestamp: 'NaN' }],
    ['another body', { body: Buffer.from('{"test": 2432232315}') }],
    ['no signature', { signature: '' }],
    ['another version', { signature: message.signature.replace('v1', 'v1a') }],
  ])('is refused with %s', (_case, change) => {
    expect(checkStandard(secret, { ...message, ...change }, then)).toBe('bad');
  });

  it('is never good without a number for its time', () => {
    const signature = createHmac('sha256', signingKey(secret)).update('m.soon.').update('{}').digest('base64');
    const soon = { id: 'm', timestamp: 'soon', signature: `v1,${signature}`, body: Buffer.from('{}') };
    expect(checkStandard(secret, soon, then)).toBe('stale');
  });
});

describe('a sealed secret', () => {
  const pepper = Buffer.alloc(32, 7);
  const secret = mintWebhookSecret();

  it('is opened with the key of the installation, for the webhook that it belongs to', () => {
    const sealed = sealSecret(pepper, 'hook_1', secret);
    expect(openSecret(pepper, 'hook_1', sealed)).toBe(secret);
    expect(sealed.includes(Buffer.from(secret))).toBe(false);
    expect(sealSecret(pepper, 'hook_1', secret).equals(sealed)).toBe(false);
  });

  it('is not opened otherwise', () => {
    const sealed = sealSecret(pepper, 'hook_1', secret);
    const changed = Buffer.from(sealed);
    changed[sealed.length - 1] = (changed[sealed.length - 1] ?? 0) ^ 1;
    for (const attempt of [
      () => openSecret(randomBytes(32), 'hook_1', sealed),
      () => openSecret(pepper, 'hook_2', sealed),
      () => openSecret(pepper, 'hook_1', changed),
      () => openSecret(pepper, 'hook_1', Buffer.alloc(0)),
    ]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'UNSEALABLE_SECRET' }) as Error);
    }
  });
});
