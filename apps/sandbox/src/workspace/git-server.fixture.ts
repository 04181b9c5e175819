import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

export interface GitServer {
  readonly url: string;
  /** What was asked for, as `<method> <path> <status>`. */
  readonly asked: readonly string[];
  close(): void;
}

/** Git's own server, over HTTP, with the private repository `app.git`: whoever does not know the token is refused. */
export async function gitServer(directory: string, token: string): Promise<GitServer> {
  const root = makeRepository(directory);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    response.once('finish', () => asked.push(`${request.method} ${request.url} ${response.statusCode}`));
    const known = `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
    if (request.headers.authorization !== known) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    void backend(root, request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, close: () => void server.close() };
}

function makeRepository(directory: string): string {
  const [root, work] = [join(directory, 'served'), join(directory, 'work')];
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Host', '-c', 'user.email=host@localhost', ...args], { cwd, stdio: 'pipe' });
  mkdirSync(root, { recursive: true });
  mkdirSync(work);
  git(work, 'init', '-q', '-b', 'main');
  writeFileSync(join(work, 'README.md'), 'private\n');
  git(work, 'add', '.');
  git(work, 'commit', '-qm', 'first');
  git(root, 'clone', '-q', '--bare', work, 'app.git');
  git(join(root, 'app.git'), 'config', 'http.receivepack', 'true');
  return root;
}

/** The Common Gateway Interface, as far as git needs it. */
async function backend(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const variables = {
    ...{ GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', PATH: '/usr/bin:/bin', REMOTE_USER: 'host' },
    ...{ PATH_INFO: pathname, QUERY_STRING: searchParams.toString(), REQUEST_METHOD: request.method ?? 'GET' },
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
    HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
  };
  const child = spawn('git', ['http-backend'], { env: variables, stdio: ['pipe', 'pipe', 'ignore'] });
  request.pipe(child.stdin);
  const said = await buffer(child.stdout);
  const at = said.indexOf('\r\n\r\n');
  const heads = said.subarray(0, at).toString().split('\r\n');
  let status = 200;
  for (const head of heads) {
    const [name = '', value = ''] = head.split(': ', 2);
    if (name === 'Status') status = Number(value.slice(0, 3));
    else response.setHeader(name, value);
  }
  response.writeHead(status).end(said.subarray(at + 4));
}
