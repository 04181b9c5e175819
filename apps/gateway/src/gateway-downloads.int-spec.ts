import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ArtifactExpired } from '@runledger/contracts';
import yauzl from 'yauzl';
import { testGateway, type TestGateway } from './gateway.fixture.js';
import { published, story, upToTheGate } from './runs/run-story.fixture.js';

const RUN = 'run_0198f3a0-0000-7000-8000-000000000001';

describe('what the steps of runs kept', () => {
  let gateway: TestGateway;
  let ada: string;
  let reader: string;
  let stranger: string;

  beforeAll(async () => {
    gateway = await testGateway();
    ada = await gateway.tokenFor('ws_acme', 'mem_ada');
    reader = await gateway.tokenFor('ws_acme', 'mem_rob', ['flows.read']);
    stranger = await gateway.tokenFor('ws_other', 'mem_eve');
    await gateway.tell({ workspaceId: 'ws_acme', stream: 'flow-release' }, published());
    const blob = await gateway.blobs.area('artifacts').put(Buffer.from('<script>alert(1)</script>'));
    await gateway.tell(
      { workspaceId: 'ws_acme', stream: 'run-1', runId: RUN },
      ...upToTheGate(RUN),
      story(RUN).kept('build', 'out/report.html', blob),
    );
  });
  afterAll(() => gateway.close());

  it('is given out as downloads that no browser runs', async () => {
    const path = `/api/v1/artifacts/art_${RUN.slice(4)}.out-report-html`;
    const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${reader}` } });
    expect(await response.text()).toBe('<script>alert(1)</script>');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': "attachment; filename*=UTF-8''report.html",
      'x-content-type-options': 'nosniff',
    });
  });

  describe('as one archive', () => {
    const zip = async (run: string, token = reader) => {
      const url = `${gateway.url}/api/v1/runs/${run}/artifacts.zip`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      return { status: response.status, headers: response.headers, body: response.arrayBuffer() };
    };
    /** Of an answer that has come to its end. */
    const statusOf = async (run: string, token = reader) => {
      const { status, body } = await zip(run, token);
      await body;
      return status;
    };
    const files = 'run_00000000-0000-7000-8000-00000000f11e';
    const stored: { readonly sha256: string; readonly bytes: number }[] = [];

    beforeAll(async () => {
      await gateway.tell({ workspaceId: 'ws_acme', stream: 'run-files', runId: files }, ...upToTheGate(files));
      for (const content of ['<p>one</p>', 'two'.repeat(100_000), 'gone']) {
        stored.push(await gateway.blobs.area('artifacts').put(Buffer.from(content)));
      }
      const [page, notes, gone] = stored as [(typeof stored)[0], (typeof stored)[0], (typeof stored)[0]];
      const { kept } = story(files);
      await gateway.tell(
        { workspaceId: 'ws_acme', stream: 'run-files', runId: files },
        story(files).snapshot('build', page),
        ...[
          kept('build', 'out/page.html', page),
          kept('lint', '../../notes.txt', notes),
          kept('lint', 'gone.txt', gone),
        ],
        ArtifactExpired({
          runId: files,
          step: 'lint',
          attempt: 1,
          artifactId: kept('lint', 'gone.txt', gone).data.artifactId,
          path: 'gone.txt',
          blob: gone,
          expiredAt: gateway.clock.now(),
        }),
      );
    });

    it('gives out what the steps of a run kept, without what is past its time', async () => {
      const { status, headers, body } = await zip(files);
      expect([status, headers.get('content-type')]).toEqual([200, 'application/zip']);
      const unpacked = await yauzl.fromBufferPromise(Buffer.from(await body));
      const found: Record<string, string> = {};
      for await (const entry of unpacked.eachEntry()) {
        found[entry.fileName] = await text(await unpacked.openReadStreamPromise(entry));
      }
      expect(found).toEqual({ 'build/out/page.html': '<p>one</p>', 'lint/notes.txt': 'two'.repeat(100_000) });
      const told = await gateway.graphql(
        ada,
        `{ run(id: "${files}") { files { snapshots snapshotBytes workspaceBytes artifactBytes expiredAt }
          step(key: "build") { snapshots { attempt moment files newBytes } } artifacts { path expiredAt } } }`,
      );
      expect(told.data.run).toEqual({
        files: {
          snapshots: 1,
          snapshotBytes: '1024',
          workspaceBytes: '4096',
          artifactBytes: String(10 + 300_000),
          expiredAt: null,
        },
        step: { snapshots: [{ attempt: 1, moment: 'AFTER', files: 12, newBytes: '1024' }] },
        artifacts: [
          { path: 'out/page.html', expiredAt: null },
          { path: '../../notes.txt', expiredAt: null },
          { path: 'gone.txt', expiredAt: gateway.clock.now() },
        ],
      });
    });

    it('is nobody else’s, and there is none of a run that does not exist', async () => {
      expect(await statusOf(files, stranger)).toBe(404);
      expect(await statusOf('run_none')).toBe(404);
    });

    it('breaks off when a file cannot be read, and harms nothing else', async () => {
      const { sha256 } = stored[1]!;
      const place = join(gateway.blobsFolder, 'artifacts', sha256.slice(0, 2), sha256);
      rmSync(place);
      mkdirSync(place);
      await expect(zip(files).then(({ body }) => body)).rejects.toThrow();
      rmdirSync(place);
      expect(await statusOf(files)).toBe(200);
    });
  });
});
