import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Sandbox } from '../driver/sandbox-driver.js';
import { openRemote, remoteFault } from './remote-access.js';
import { outputOf } from '../attempt/counted-calls.fixture.js';
import { Ground, newRunId } from '../attempt/ground.fixture.js';
import { connect } from '../acp/scripted-agent.fixture.js';
import { testProfile } from '../driver/sandbox.fixture.js';
import { gitServer } from './git-server.fixture.js';
import type { GitServer } from './git-server.fixture.js';

const TOKEN = 'ghp_0123456789abcdef';
/** Scripts are in the transcript: they look for this much of it. */
const PART = TOKEN.slice(0, 10);

describe('a private repository of a profile', () => {
  let ground: Ground;
  let server: GitServer;
  beforeAll(async () => {
    ground = await Ground.make();
    server = await gitServer(ground.directory, TOKEN);
    const repositories = [{ url: `${server.url}/app.git`, path: '.' }];
    await ground.publishProfile(testProfile({ repositories }));
    await ground.wiredService();
  });
  afterAll(async () => {
    await ground.giveBack();
    server.close();
  });

  const begin = (script: string) => ground.ready({ runId: newRunId(), command: { run: script, env: {} } });
  const blocked = async () => {
    const { outcome, error } = await ground.end(await begin('true'));
    return { outcome, ...error };
  };

  it('blocks its step until a credential for it is connected', async () => {
    await connect(ground, 'elsewhere', 'git', { url: 'https://git.example', token: TOKEN });
    await connect(ground, 'forge', 'git', { url: server.url, token: 'expired' });
    expect(await blocked()).toMatchObject({
      ...{ outcome: 'BLOCKED', code: 'CREDENTIAL', needs: 'forge' },
      message: `${server.url}/app.git was not cloned: its host answered 401 to the credential of forge.`,
    });
    const failing = (await ground.integrations!.book('ws_test')).get('forge');
    expect(failing).toMatchObject({ failure: { code: 'auth' } });
  });

  it('is cloned with it, and it is nowhere that work can look', async () => {
    await connect(ground, 'forge', 'git', { url: server.url, token: TOKEN });
    const ready = await begin(
      `set +e; set +o pipefail; cat README.md; git remote -v | sort -u; grep -rIl -e ${PART} -e relay- -e x-access-token . ~ 2>/dev/null
      env | grep -c -e ${PART} -e relay-; tr '\\0' ' ' </proc/1/environ | grep -c ${PART}; git push origin HEAD:mine 2>&1 | tail -1; true`,
    );
    expect(await ground.end(ready)).toMatchObject({ outcome: 'SUCCESS' });
    const events = await ground.transcript(ready);
    const [call] = events.flatMap(event => (event.type === 'ToolCallStarted' ? [event.data.callId] : []));
    const remote = `${server.url}/app.git`;
    expect(outputOf(events, call!)).toMatch(
      new RegExp(`^private\norigin\t${remote} \\(fetch\\)\norigin\t${remote} \\(push\\)\n0\n0\nfatal: `),
    );
    expect(JSON.stringify(events)).not.toMatch(new RegExp(`${TOKEN}|${btoa(`x-access-token:${TOKEN}`)}`));
    const notes = events.flatMap(event => (event.type === 'SetupRecorded' ? [event.data.text] : []));
    expect(notes).toEqual([
      expect.stringMatching(/^Cloned .*app\.git at [0-9a-f]{7,} \(main\) into \., with the credential of forge$/),
    ]);
    expect((await ground.integrations!.book('ws_test')).get('forge')).not.toHaveProperty('failure');
    expect(server.asked.filter(line => line.endsWith(' 200'))).toEqual([
      'GET /app.git/info/refs?service=git-upload-pack 200',
      'POST /app.git/git-upload-pack 200',
      'POST /app.git/git-upload-pack 200',
    ]);
  });

  it('says which one wants a credential where nothing is connected for it', async () => {
    const url = `${server.url}/app.git`;
    const env = { PATH: '/usr/bin:/bin', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
    const clone = promisify(execFile)('git', ['clone', url, join(ground.directory, 'open')], { env });
    const { stderr } = await clone.catch((error: unknown) => error as { readonly stderr: string });
    const remote = await openRemote({} as Sandbox, url);
    await expect(remoteFault(remote, url, stderr)).rejects.toMatchObject({
      ...{ code: 'CREDENTIAL', needs: 'git' },
      fix: `Connect an integration of kind git whose url covers ${url}: the run goes on by itself.`,
    });
  });
});
