import Docker from 'dockerode';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Imported into the test's own engine; nothing is fetched. */
export const TEST_IMAGE = 'runledger-test/tools:1';

const PROGRAMS = [
  ...['bash', 'cat', 'chmod', 'dd', 'env', 'grep', 'head', 'id', 'ln', 'ls', 'mkdir', 'mv', 'nohup', 'ps', 'readlink'],
  ...[
    'rm',
    'sed',
    'seq',
    'setsid',
    'sh',
    'sleep',
    'stat',
    'tail',
    'tee',
    'touch',
    'tr',
    'unshare',
    'wc',
    'yes',
    'mount',
  ],
];
const START_MS = 90_000;

/** Why no Docker Engine can be started here; undefined where one can. */
export function noDocker(): string | undefined {
  if (process.getuid?.() !== 0) return 'dockerd needs root';
  if (findDockerd() === undefined)
    return 'dockerd is not installed (apt-get install -y --no-install-recommends docker.io)';
  return undefined;
}

/** An engine of this test's own, which leaves the machine's network alone. */
export class DockerGround {
  readonly socketPath: string;
  readonly client: Docker;
  readonly #directory: string;
  readonly #daemon: ChildProcess;

  private constructor(directory: string) {
    this.#directory = directory;
    this.socketPath = join(directory, 'docker.sock');
    this.client = new Docker({ socketPath: this.socketPath });
    const log = openSync(join(directory, 'log'), 'a');
    const network = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'];
    const places = ['--data-root', 'data', '--exec-root', 'exec', '--pidfile', 'pid'];
    const own = places.map((word, index) => (index % 2 === 0 ? word : join(directory, word)));
    this.#daemon = spawn(findDockerd() ?? 'dockerd', [...network, ...own, '-H', `unix://${this.socketPath}`], {
      stdio: ['ignore', log, log],
    });
  }

  static async start(): Promise<DockerGround> {
    const ground = new DockerGround(mkdtempSync(join(tmpdir(), 'rl-docker-')));
    try {
      await ground.#answers();
      await ground.#importTools();
      return ground;
    } catch (error) {
      await ground.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.#daemon.exitCode === null) {
      const left = await this.client.listContainers({ all: true }).catch(() => []);
      await Promise.all(
        left.map(({ Id }) =>
          this.client
            .getContainer(Id)
            .remove({ force: true })
            .catch(() => undefined),
        ),
      );
      const gone = once(this.#daemon, 'exit');
      this.#daemon.kill('SIGTERM');
      await gone;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #answers(): Promise<void> {
    for (let waited = 0; waited < START_MS; waited += 50) {
      if (this.#daemon.exitCode !== null) break;
      if (existsSync(this.socketPath) && (await this.client.ping().catch(() => undefined))) return;
      await sleep(50);
    }
    throw new Error(`dockerd does not answer:\n${readFileSync(join(this.#directory, 'log'), 'utf8').slice(-2_000)}`);
  }

  async #importTools(): Promise<void> {
    const root = join(this.#directory, 'root');
    for (const program of PROGRAMS) copyProgram(program, root);
    for (const place of ['tmp', 'etc', 'proc', 'sys', 'dev']) mkdirSync(join(root, place), { recursive: true });
    chmodSync(join(root, 'tmp'), 0o1777);
    const [repo, tag] = TEST_IMAGE.split(':');
    const tar = spawn('tar', ['-C', root, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const answer = await this.client.importImage(tar.stdout, { repo, tag });
    await new Promise<void>((resolve, reject) =>
      this.client.modem.followProgress(answer, error => (error ? reject(error) : resolve())),
    );
  }
}

/** With the libraries that it is linked to. */
function copyProgram(name: string, root: string): void {
  const found = [`/usr/bin/${name}`, `/bin/${name}`].find(path => existsSync(path));
  if (found === undefined) return;
  const libraries = execFileSync('ldd', [found]).toString().match(/\/\S+/g) ?? [];
  for (const path of [found, ...libraries]) {
    const target = join(root, path);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    cpSync(realpathSync(path), target);
  }
  mkdirSync(join(root, 'bin'), { recursive: true });
  if (name === 'sh' && !existsSync(join(root, 'bin/sh'))) cpSync(realpathSync(found), join(root, 'bin/sh'));
}

function findDockerd(): string | undefined {
  return ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd'].find(path => existsSync(path));
}
