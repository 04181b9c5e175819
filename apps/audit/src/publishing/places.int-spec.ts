import { testMailServer } from '@runledger/testing';
import { readAuditConfig } from '../audit.config.js';
import { lockingBucket } from './locking-bucket.fixture.js';
import { placeAt } from './places.js';

const noteOf = (size: number, root = 'cm9vdA==', signer = 'c2ln') =>
  `ledger.example/prod\n${size}\n${root}\n\n— ledger.example/prod ${signer}\n`;
const checkpoint = (size: number, note = noteOf(size)) => ({ size, root: 'cm9vdA==', note, signedAt: '' });

describe('checkpoints in a bucket with object lock', () => {
  let bucket: Awaited<ReturnType<typeof lockingBucket>>;
  beforeAll(async () => {
    bucket = await lockingBucket();
  });
  afterAll(() => bucket.close());
  const place = (prefix: string) => placeAt(`s3://witness/${prefix}`, { bucket: bucket.settings });

  it('cannot be taken away by anybody for as long as they are kept, and the newest is found by its name', async () => {
    const place1 = place('ledger');
    expect(await place1.last()).toBeUndefined();
    await place1.keep(checkpoint(7));
    await place1.keep(checkpoint(9));
    expect(await place1.last()).toBe(noteOf(9));
    expect([...bucket.locks.keys()]).toEqual([
      '/witness/ledger/0000000000000007.checkpoint',
      '/witness/ledger/0000000000000009.checkpoint',
    ]);
    const [{ mode, until } = { mode: '', until: '' }] = bucket.locks.values();
    expect(mode).toBe('COMPLIANCE');
    expect(Math.round((Date.parse(until ?? '') - Date.now()) / 86_400_000)).toBe(30);
  });

  it('are kept once: the same again is well, another of the same size is the evidence of a change', async () => {
    const twice = place('twice');
    await twice.keep(checkpoint(7));
    await twice.keep(checkpoint(7));
    // Signed by another key, but the same statement.
    await twice.keep(checkpoint(7, noteOf(7, undefined, 'b3RoZXI=')));
    await expect(twice.keep(checkpoint(7, noteOf(7, 'Zm9yaw==')))).rejects.toMatchObject({
      code: 'PUBLISHED_DIFFERENTLY',
    });
  });

  it('are tried again while the bucket is away', async () => {
    bucket.goAway(true);
    await expect(place('later').keep(checkpoint(7))).rejects.toMatchObject({ code: 'NOT_PUBLISHED' });
    bucket.goAway(false);
    await place('later').keep(checkpoint(7));
  });
});

describe('checkpoints by mail', () => {
  it('come as a text and as a file, from whom and to whom it was said, and again when the server was busy', async () => {
    const server = await testMailServer();
    try {
      const mail = { smtp: server.url, from: 'ledger@example.com', atMostEveryMs: 1_000 };
      const auditor = placeAt('mailto:auditor@example.com', { mail });
      expect([auditor.name, auditor.atMostEveryMs]).toEqual(['mailto:auditor@example.com', 1_000]);
      server.putOffNext();
      await expect(auditor.keep(checkpoint(7))).rejects.toMatchObject({ code: 'NOT_PUBLISHED' });
      expect(server.letters).toEqual([]);
      await auditor.keep(checkpoint(7));
      expect(server.letters).toMatchObject([{ from: 'ledger@example.com', to: ['auditor@example.com'] }]);
      const [{ raw } = { raw: '' }] = server.letters;
      expect(raw).toContain('Subject: Checkpoint of ledger.example/prod: 7 entries');
      const part = raw.split(/\r\n--/).find(one => one.includes('filename=0000000000000007.checkpoint')) ?? '';
      const content = part.slice(part.indexOf('\r\n\r\n'));
      expect(Buffer.from(content, 'base64').toString()).toBe(noteOf(7));
      const stranger = placeAt('mailto:auditor@example.com', {
        mail: { ...mail, smtp: server.url.replace('secret', 'wrong') },
      });
      await expect(stranger.keep(checkpoint(8))).rejects.toMatchObject({ code: 'NOT_PUBLISHED' });
    } finally {
      await server.close();
    }
  });
});

describe('what is said of places', () => {
  const mail = { AUDIT_SMTP_URL: 'smtp://mail.example', AUDIT_MAIL_FROM: 'ledger@example.com' };

  it('is taken as it is', () => {
    const publish = 's3://witness/ledger, mailto:auditor@example.com';
    expect(readAuditConfig({ AUDIT_PUBLISH: publish, ...mail, AUDIT_S3_RETAIN_DAYS: '90' })).toMatchObject({
      publish: ['s3://witness/ledger', 'mailto:auditor@example.com'],
      bucket: { region: 'us-east-1', retainDays: 90 },
      mail: { smtp: 'smtp://mail.example', from: 'ledger@example.com', atMostEveryMs: 86_400_000 },
    });
  });

  it.each([
    ['mail without a server', { AUDIT_PUBLISH: 'mailto:a@b.example' }, 'AUDIT_SMTP_URL'],
    ['half a key', { AUDIT_S3_ACCESS_KEY_ID: 'id' }, 'AUDIT_S3_SECRET_ACCESS_KEY'],
    [
      'two people in one address',
      { AUDIT_PUBLISH: 'mailto:a@b.example%0D%0ABcc:c@d.example', ...mail },
      'AUDIT_PUBLISH',
    ],
    ['what is no place', { AUDIT_PUBLISH: 'ftp://example.com' }, 'AUDIT_PUBLISH'],
  ])('is refused when it is %s', (_what, environment, variable) => {
    expect(() => readAuditConfig(environment)).toThrow(variable);
  });
});
