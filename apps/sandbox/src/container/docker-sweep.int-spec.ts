import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@runledger/testing';
import { SandboxDirectory } from '../driver/sandbox-directory.js';
import { forkHere } from '../forking/fork-here.js';
import { DockerDriver } from './docker-driver.js';

/** As much of an engine as a sweep asks: containers that are there until they are removed, but for one that it cannot remove. */
class Engine {
  readonly containers: Set<string>;
  /** Removals of it that nobody has answered yet. */
  readonly held: ServerResponse[] = [];
  readonly #server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
    const container = /\/containers\/([^/]+)$/.exec(pathname)?.[1] ?? '';
    if (request.method === 'GET') this.#list(JSON.parse(searchParams.get('filters') ?? '{}') as object, response);
    else if (container === this.stuck) this.held.push(response);
    else response.writeHead(this.containers.delete(container) ? 204 : 404).end();
  });

  constructor(
    readonly socketPath: string,
    runs: readonly string[],
    public stuck: string | undefined,
  ) {
    this.containers = new Set(runs);
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(this.socketPath), 'listening');
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #list({ label = [] }: { readonly label?: readonly string[] }, response: ServerResponse): void {
    const asked = label.find(each => each.startsWith('runledger.run='))?.slice('runledger.run='.length);
    const found = [...this.containers].filter(run => asked === undefined || run === asked);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(found.map(run => ({ Id: run, Labels: { 'runledger.run': run } }))));
  }
}

describe('containers that runs left behind', () => {
  const base = mkdtempSync(join(tmpdir(), 'runledger-docker-'));
  const homeDir = join(base, 'home');
  const runs = ['run-0', 'run-1', 'run-2', 'run-3'];
  const engine = new Engine(join(base, 'docker.sock'), runs, 'run-0');
  beforeAll(() => engine.listen());
  afterAll(() => {
    engine.close();
    rmSync(base, { recursive: true, force: true });
  });

  it('are removed with what else there is of their runs, but for one that does not go, which is told of and tried again (R4)', async () => {
    mkdirSync(homeDir);
    const directories = runs.slice(0, 3).map(runId => new SandboxDirectory(homeDir, runId, forkHere)); // of one there is only a container
    for (const [index, directory] of directories.entries()) {
      directory.create({ runId: runs[index]!, workspaceId: 'ws', profile: 'test' });
    }
    const driver = new DockerDriver({
      homeDir,
      socketPath: engine.socketPath,
      pull: 'never',
      slotsDir: join(base, 'slots'),
    });
    const swept = driver.sweep(new Set(['run-2'])).catch((error: unknown) => error);
    await eventually(() => expect([...engine.containers]).toEqual(['run-0', 'run-2']));
    const there = () => directories.map(({ workspace }) => existsSync(workspace));
    await eventually(() => expect(there()).toEqual([true, false, true]));
    const answer = engine.held.pop()!.writeHead(500, { 'content-type': 'application/json' });
    answer.end(JSON.stringify({ message: 'did not receive an exit event' }));
    expect(await swept).toMatchObject({
      code: 'LEFT_BEHIND',
      fields: { runs: ['run-0'] },
      message: expect.stringContaining('did not receive an exit event') as string,
    });
    expect(there()).toEqual([true, false, true]); // what does not go may use its files

    engine.stuck = undefined;
    await driver.sweep(new Set(['run-2']));
    await eventually(() => expect(there()).toEqual([false, false, true]));
    expect([...engine.containers]).toEqual(['run-2']);
    await driver.close();
  });
});
