import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { RunEventsDocument, RunledgerClient, ViewerDocument } from '@runledger/client';
import { socketClient } from '../gateway-sockets.fixture.js';
import { testGateway, type TestGateway } from '../gateway.fixture.js';
import { upToTheGate } from '../runs/run-story.fixture.js';
import { hashOf, readManifests } from './operation-manifest.js';
import { ownOperations } from './own-operations.js';

const ROOT = join(import.meta.dirname, '../../../..');
const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';
const PAGE = `query Page($first: Int!) {
  runs(first: $first) {
    nodes {
      ...Row
    }
  }
}`;
const ROW = 'fragment Row on Run {\n  id\n  status\n}';
const NAMED = '{ viewer { scopes } }';
const STRANGE = '{ viewer { member { name } } }';

describe('operations that were stored beforehand', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runledger-operations-'));
  let gateway: TestGateway;
  let token: string;
  let pageId: string;

  beforeAll(async () => {
    writeFileSync(join(folder, 'page.graphql'), PAGE);
    writeFileSync(join(folder, 'row.graphql'), ROW);
    writeFileSync(join(folder, 'page.ts'), 'const seen = /* GraphQL */ `{ viewer { plan { slug } } }`;');
    const out = join(folder, 'manifest.json');
    execFileSync(process.execPath, [join(ROOT, 'scripts/operations.mjs'), '--out', out, folder]);
    writeFileSync(join(folder, 'relay.json'), JSON.stringify({ scopes: NAMED }));
    const { operations } = JSON.parse(readFileSync(out, 'utf8')) as { operations: { id: string; name: string }[] };
    expect(operations.map(({ name }) => name)).toEqual(['Page', expect.stringMatching(/^[0-9a-f]{12}$/)]);
    pageId = operations[0]?.id ?? '';
    gateway = await testGateway({ operations: { storedOnly: true, manifests: [folder] } });
    token = await gateway.tokenFor('ws_acme', 'mem_ada');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'run-1', runId: RUN }, ...upToTheGate(RUN));
  });
  afterAll(async () => {
    await gateway.close();
    rmSync(folder, { recursive: true });
  });

  const ask = async (body: object, at = gateway) => {
    const response = await fetch(`${at.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    const { data, errors } = (await response.json()) as { data?: object; errors?: { extensions: { code: string } }[] };
    return { status: response.status, data, error: errors?.[0]?.extensions };
  };

  it('are asked by id, as GraphQL over HTTP has it and as Apollo has it, or by a name of their own', async () => {
    const variables = { first: 5 };
    const page = { data: { runs: { nodes: [{ id: RUN, status: 'PAUSED' }] } }, status: 200 };
    expect(await ask({ documentId: `sha256:${pageId}`, variables })).toMatchObject(page);
    expect(await ask({ documentId: pageId, variables, operationName: 'Page' })).toMatchObject(page);
    const persistedQuery = { version: 1, sha256Hash: pageId };
    expect(await ask({ extensions: { persistedQuery }, variables })).toMatchObject(page);
    expect(await ask({ documentId: 'scopes' })).toMatchObject({ status: 200 });
  });

  it('are all that is answered: other documents are refused, however they come', async () => {
    const refused = {
      status: 400,
      error: { code: 'OPERATION_NOT_STORED', fix: expect.stringContaining('npm run operations') as string },
    };
    const sha256Hash = hashOf(STRANGE);
    for (const body of [
      { query: STRANGE },
      { query: '{ nonsense' },
      { query: '{ __schema { types { name } } }' },
      { query: STRANGE, extensions: { persistedQuery: { version: 1, sha256Hash } } },
      { query: STRANGE, documentId: `sha256:${pageId}` },
      { extensions: { persistedQuery: { version: 1, sha256Hash } } },
      { documentId: `sha256:${sha256Hash}` },
      { documentId: '__proto__' },
      { query: `${NAMED} ` },
    ]) {
      expect([body, await ask(body)]).toMatchObject([body, refused]);
    }
    const url = `${gateway.url}/graphql?query=${encodeURIComponent(STRANGE)}`;
    const get = await fetch(url, { headers: { authorization: `Bearer ${token}`, 'apollo-require-preflight': 'x' } });
    expect([get.status, await get.text()]).toEqual([400, expect.stringContaining('OPERATION_NOT_STORED')]);
    // Having been sent together with its hash stored nothing.
    expect(await ask({ documentId: sha256Hash })).toMatchObject(refused);
    expect(await ask({ query: NAMED, extensions: { persistedQuery: { version: 1, sha256Hash } } })).toMatchObject({
      error: { code: 'BAD_USER_INPUT' },
    });
  });

  it('are asked on sockets by the same ids, and others are refused there as well', async () => {
    const client = socketClient(gateway.url, token);
    const asked = async (payload: object): Promise<unknown> => {
      try {
        const answers = client.iterate({ query: '', ...payload });
        return (await answers.next()).value as unknown;
      } catch (errors) {
        return errors;
      }
    };
    expect(await asked({ extensions: { documentId: 'scopes' } })).toMatchObject({ data: { viewer: {} } });
    const code = { extensions: { code: 'OPERATION_NOT_STORED' } };
    expect(await asked({ query: STRANGE })).toMatchObject([code]);
    expect(await asked({ extensions: { documentId: 'nothing' } })).toMatchObject([code]);
    await client.dispose();
  });

  it('hold those of the client package and of the console from the beginning', async () => {
    const client = new RunledgerClient({ url: gateway.url, token });
    expect((await client.request(ViewerDocument, {})).viewer).toBeDefined();
    const items = client.subscribe(RunEventsDocument, { runId: RUN });
    expect((await items.next()).value?.runEvents.__typename).toBe('RunEvent');
    await items.return();
    const own = [...(await ownOperations()).values()];
    expect(own.filter(text => text.startsWith('mutation ($runId: ID!) { outcome: pauseRun'))).toHaveLength(1);
    expect(own.length).toBeGreaterThan(30);
  });

  it('are a matter of taste where any document is answered: then ids save bytes, and Apollo sends what is unknown', async () => {
    const open = await testGateway();
    try {
      const at = (body: object) => ask(body, open);
      const persistedQuery = { version: 1, sha256Hash: hashOf(STRANGE) };
      expect(await at({ extensions: { persistedQuery } })).toMatchObject({
        error: { code: 'PERSISTED_QUERY_NOT_FOUND' },
      });
      // The token is of the other platform: that it is asked for shows that the document was taken.
      expect(await at({ query: STRANGE, extensions: { persistedQuery } })).toMatchObject({
        error: { code: 'UNAUTHENTICATED' },
      });
    } finally {
      await open.close();
    }
  });

  it.each([
    ['that is not JSON', '{'],
    ['that is something else', '{ "format": "x", "operations": [] }'],
    ['whose id is the hash of another document', JSON.stringify({ [hashOf('a')]: 'b' })],
  ])('come from no manifest %s: it is named, and nothing starts', async (_what, content) => {
    const file = join(folder, 'broken.manifest');
    writeFileSync(file, content);
    await expect(readManifests([file])).rejects.toMatchObject({
      code: 'INVALID_OPERATION_MANIFEST',
      message: expect.stringContaining(file) as string,
    });
    await expect(readManifests([join(folder, 'nowhere')])).rejects.toMatchObject({
      code: 'INVALID_OPERATION_MANIFEST',
    });
  });
});
