import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { newUuid } from '@runledger/event-store';
import { eventually } from '@runledger/testing';
import {
  append,
  auditorsDesk,
  bundleOf,
  EXAMPLES,
  openAuditWorld,
  RUN,
  writeExamples,
} from '../audit-world.fixture.js';
import type { AuditWorld } from '../audit-world.fixture.js';
import { openNote, readKey } from '../verifier/verify.mjs';

const folder = mkdtempSync(join(tmpdir(), 'runledger-published-'));
const desk = auditorsDesk();
const NEW_SEED = Buffer.alloc(32, 8);
let world: AuditWorld;

beforeAll(async () => {
  world = await openAuditWorld();
  await writeExamples(world.store);
});

afterAll(async () => {
  await world.close();
  desk.drop();
  rmSync(folder, { recursive: true });
});

const kept = (name: string) => readFileSync(join(folder, name), 'utf8');
const published = () => readdirSync(folder).filter(name => /^\d+\.checkpoint$/.test(name));

describe('checkpoints that are published', () => {
  it('are kept in a directory, one for each size, and told to a webhook', async () => {
    const told: string[] = [];
    const server = createServer((request, reply) => {
      void text(request).then(body => reply.writeHead(told.push(body) === 1 ? 503 : 204).end());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const publish = [pathToFileURL(folder).href, `http://127.0.0.1:${port}/hook`];
    const audit = await world.open({ publish });
    try {
      await eventually(() => expect(published()).toHaveLength(1));
      // The first call was declined, so it was told again.
      await eventually(() => expect(told.length).toBeGreaterThanOrEqual(2));
      await append(world.store, 'flow-more', { ...EXAMPLES[0]!, id: newUuid() });
      await eventually(() => expect(published()).toHaveLength(2));
      const key = readKey(audit.checkpoints.signer.verifierKey);
      for (const name of [...published(), 'latest.checkpoint']) {
        expect(openNote(kept(name), [key], name)).toMatch(/^runledger\/spec\n\d+\n/);
      }
      await eventually(() => expect(told.at(-1)).toBe(kept('latest.checkpoint')));
      expect(audit.publisher.troubles()).toEqual([]);
    } finally {
      await audit.publisher.stop();
      server.close();
    }
  });

  it('are what later bundles must continue', async () => {
    const [first = ''] = published();
    const file = desk.keep('published', kept(first));
    const lines = await bundleOf(world.audit, { runId: RUN, since: Number(first.split('.')[0]) });
    expect(await desk.check(lines, '--checkpoint', file)).toMatchObject({ code: 0 });
  });

  it('tell on a log that was cut or changed meanwhile, and are not written over', async () => {
    const latest = kept('latest.checkpoint');
    const [origin = '', size = '', root = '', ...rest] = latest.split('\n');
    const place = pathToFileURL(folder).href;
    for (const [forged, why] of [
      [[origin, String(Number(size) + 5), root, ...rest], /has \d+ entries|and the log has \d+: it was cut/],
      [[origin, size, Buffer.alloc(32).toString('base64'), ...rest], /the log was changed after it was signed/],
    ] as const) {
      writeFileSync(join(folder, 'latest.checkpoint'), forged.join('\n'));
      const audit = await world.open({ publish: [place] });
      await eventually(() => expect(audit.publisher.troubles()).toEqual([expect.stringMatching(why)]));
      await audit.publisher.stop();
      expect(kept('latest.checkpoint')).toBe(forged.join('\n'));
    }
    writeFileSync(join(folder, 'latest.checkpoint'), latest);
  });
});

describe('the key that signs', () => {
  it('is changed by an entry that the key before has signed: who trusts the old one trusts the new one', async () => {
    const old = world.audit.checkpoints.signer.verifierKey;
    await expect(world.open({ seed: NEW_SEED })).rejects.toMatchObject({ code: 'UNKNOWN_SIGNING_KEY' });
    const audit = await world.open({ seed: NEW_SEED, previousSeed: Buffer.alloc(32, 7) });
    const again = await world.open({ seed: NEW_SEED });
    expect(await again.keys.all()).toEqual([{ key: old }, { key: expect.any(String), statement: expect.any(String) }]);
    const lines = await bundleOf(audit, { runId: RUN });
    expect(await desk.check(lines, '--key', old)).toMatchObject({ code: 0 });
    expect(await desk.check(lines, '--key', audit.checkpoints.signer.verifierKey)).toMatchObject({ code: 0 });
  });

  it('that nobody handed over to is not trusted', async () => {
    const old = world.audit.checkpoints.signer.verifierKey;
    const lines = await bundleOf(await world.open({ seed: NEW_SEED }), { runId: RUN });
    const header = JSON.parse(lines[0]!) as { keys: { statement?: string }[] };
    delete header.keys[1]!.statement;
    const { code, said } = await desk.check(lines.with(0, JSON.stringify(header)), '--key', old);
    expect([code, said]).toEqual([1, expect.stringContaining('not signed by a key that is trusted here')]);
  });

  it('cannot go back to one that was replaced', async () => {
    await expect(world.open()).rejects.toMatchObject({ code: 'UNKNOWN_SIGNING_KEY' });
  });
});
