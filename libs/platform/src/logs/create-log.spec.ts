import { NO_TRACES, inSpan, storyFields } from '../traces/work.js';
import { readTraceparent } from '../traces/traceparent.js';
import { createLog, NestLog } from './create-log.js';
import { REDACTED } from './redact.js';

function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> & { text: string } {
  const lines: string[] = [];
  write(createLog({ service: 'gateway', destination: { write: line => lines.push(line) } }));
  const text = lines.join('');
  return { ...(JSON.parse(text) as Record<string, unknown>), text };
}

describe('the log', () => {
  it('writes one JSON object per line', () => {
    const line = logged(log => log.info({ runId: 'run_1' }, 'started'));
    expect(line).toMatchObject({ level: 'info', service: 'gateway', runId: 'run_1', msg: 'started' });
    expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it.each([
    ['our own API token', 'rl_01hf7zq_s3cr3tS3cr3tS3cr3t', 's3cr3t'],
    ['a bearer header', 'Authorization: Bearer abc.def-ghi_jkl', 'abc.def'],
    ['basic credentials', 'Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
    ['a JSON Web Token', 'got eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln here', 'eyJzdWIi'],
    ['a model provider key', `key sk-live-${'a1b2'.repeat(6)}`, 'a1b2a1b2'],
    ['a GitHub token', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'abcdefghij'],
    ['a fine-grained GitHub token', 'github_pat_11ABCDEFG0123456789_abcdefghij', '11ABC'],
    ['a Slack token', 'xoxb-1234567890-abcdefghij', '1234567890'],
    ['an AWS key', 'AKIAIOSFODNN7EXAMPLE', 'IOSFODNN7'],
    ['the password of a database', 'connect postgres://runledger:0123abcd@127.0.0.1:5432/postgres failed', '0123abcd'],
    ['a private key', '-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----', 'MIIEvQ'],
    ['quoted JSON', 'body was {"apiKey":"very-quiet","ok":true}', 'very-quiet'],
    ['quoted JSON with a quote in it', String.raw`body was {"password":"one\"very-quiet","ok":true}`, 'very-quiet'],
    ['JSON that was quoted twice', JSON.stringify({ body: '{"token":"very-quiet"}' }), 'very-quiet'],
    ['a value that ends in a back-slash', String.raw`{"token":"very-quiet\\"}`, 'very-quiet'],
  ])('takes out %s, in a message, a field and an error', (_what, text, secret) => {
    for (const line of [
      logged(log => log.info(text)),
      logged(log => log.warn({ deep: { list: [{ value: text }] } }, 'field')),
      logged(log => log.error({ err: new Error(text) }, 'failed')),
    ]) {
      expect(line.text).not.toContain(secret);
      expect(line.text).toContain(REDACTED);
    }
  });

  it('takes out members whose name says that they are secret, whatever they look like', () => {
    const headers = { authorization: 'x1', cookie: 'x2', 'set-cookie': ['x3'], 'x-api-key': 'x4' };
    const line = logged(log => log.info({ headers, dbPassword: 'x5', clientSecret: 'x6 "quoted" x7' }, 'request'));
    expect(line.text).not.toMatch(/x[1-7]/);
    expect(line['dbPassword']).toBe(REDACTED);
  });

  it('leaves alone what only sounds like it', () => {
    const line = logged(log =>
      log.info({ inputTokens: 12, tokenId: 'tok_1', url: 'http://localhost:4000/a@b' }, 'Basic facts'),
    );
    expect(line).toMatchObject({
      inputTokens: 12,
      tokenId: 'tok_1',
      url: 'http://localhost:4000/a@b',
      msg: 'Basic facts',
    });
  });

  it('says to which run, command and trace its lines belong, however deep the work that writes them', async () => {
    const lines: string[] = [];
    const log = createLog({ service: 'gateway', destination: { write: line => lines.push(line) } });
    const parent = readTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    const command = { fields: { ...storyFields('run_1'), commandId: 'c1' }, parent, tracer: NO_TRACES };
    await inSpan('command', command, async () => {
      await Promise.resolve();
      await inSpan('react', { fields: { consumer: 'usage' } }, () =>
        Promise.resolve(log.info({ commandId: 'c2' }, 'deep')),
      );
    });
    log.info('outside');
    const [deep = '', outside = ''] = lines;
    expect(JSON.parse(deep)).toMatchObject({
      runId: 'run_1',
      correlationId: 'run_1',
      commandId: 'c2',
      consumer: 'usage',
      traceId: '0af7651916cd43dd8448eb211c80319c',
    });
    expect(outside).not.toMatch(/runId|commandId|traceId/);
  });

  it('takes what Nest says, with its context', () => {
    expect(logged(log => new NestLog(log).log('Mapped', 'Router'))).toMatchObject({ msg: 'Mapped', context: 'Router' });
    const failure = logged(log => new NestLog(log).error(new Error('no'), undefined, 'Boot'));
    expect(failure).toMatchObject({ level: 'error', msg: 'no', context: 'Boot', err: { type: 'Error' } });
    expect(logged(log => new NestLog(log).warn({ code: 'SLOW' }))).toMatchObject({ level: 'warn', code: 'SLOW' });
  });
});
