import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { events, freshStream } from '../contract/contract-world.js';
import type { EventStore } from '../port.js';
import { openOnDouble } from './store-under-test.fixture.js';
import type { DoubleUnderTest } from './store-under-test.fixture.js';

const folders = (process.env['PATH'] ?? '').split(delimiter);
const withOpenssl = folders.some(folder => existsSync(join(folder, 'openssl'))) ? describe : describe.skip;
const USER = { name: 'ada', password: 'p@ss:w%rd/?' };
const CREDENTIALS = `${USER.name}:${encodeURIComponent(USER.password)}`;

withOpenssl('EventStoreDB over TLS, with users (needs openssl)', () => {
  let folder: string;
  let under: DoubleUnderTest;
  let open: (credentials: string, more?: string) => EventStore;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'runledger-tls-'));
    const [certificate, key] = [join(folder, 'ca.pem'), join(folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const made = ['-keyout', key, '-out', certificate, '-days', '2', ...subject];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made], { stdio: 'pipe' });
    const tls = { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
    const opening = { connectionString: 'esdb://nobody:none@localhost:9' };
    under = await openOnDouble(opening, { tls, user: USER });
    const { port } = under.double;
    open = (credentials, more = `?tlsCAFile=${certificate}`) =>
      under.openStore({ connectionString: `esdb://${credentials}@localhost:${port}${more}`, retryForMs: 200 });
  });
  afterAll(async () => {
    await under.close();
    rmSync(folder, { recursive: true });
  });

  it('is written, read and followed by the user that the address names, whatever signs the password has', async () => {
    const store = open(CREDENTIALS);
    const stream = freshStream();
    const after = await store.head();
    const ending = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const batch of store.subscribe({ after, signal: ending.signal })) {
        seen.push(...batch.events.map(({ revision }) => revision));
        if (seen.length === 4) ending.abort();
      }
    })();
    expect(await store.append(stream, events(2), 'no-stream')).toMatchObject({ status: 'appended' });
    expect(await store.append(stream, events(2), 1)).toMatchObject({ status: 'appended', revision: 3 });
    await following;
    expect(seen).toEqual([0, 1, 2, 3]);
    expect((await store.readStream(stream)).events).toHaveLength(4);
    expect(await store.deleteStream(stream, 3)).toMatchObject({ status: 'appended' });
    expect((await under.double.calls()).map(({ method }) => method)).not.toContain('batch-append');
  });

  it('lets in no other user', async () => {
    const store = open('eve:guessed');
    await expect(store.head()).rejects.toMatchObject({ code: 'STORE_FAULT' });
    await expect(store.append(freshStream(), events(1), 'any')).rejects.toMatchObject({ code: 'STORE_FAULT' });
  });

  it('is not talked to when nobody vouches for its certificate', async () => {
    const store = open(CREDENTIALS, '');
    const calls = await under.double.calls();
    await expect(store.append(freshStream(), events(1), 'any')).rejects.toMatchObject({ code: 'APPEND_UNCERTAIN' });
    expect(await under.double.calls()).toEqual(calls);
  });
});
