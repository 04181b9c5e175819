import type Docker from 'dockerode';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { timeLimited } from '@runledger/event-store';
import { SandboxStalledError } from '../driver/sandbox-faults.js';
import { EngineSilentError, ImageUnusableError } from './container-faults.js';
import type { ContainerProcess, ContainerProgram } from './container-port.js';
import type { DockerSettings } from './docker-settings.js';

/** What the engine said of itself. */
export interface EngineFacts {
  readonly version: string;
  readonly runtimes: readonly string[];
  readonly filtersCalls: boolean;
  readonly memory: boolean;
  readonly pids: boolean;
  readonly cpu: boolean;
}

export interface LabelledContainer {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The engine itself gives up sooner on one that does not die. */
const REMOVAL_MS = 60_000;
const REMOVAL_PAUSE_MS = 100;
const EXIT_LOOKS = 20;
const EXIT_PAUSE_MS = 25;

/** The Docker Engine over its API. Its client is only loaded when it is first needed. */
export class DockerEngine {
  #client: Promise<Docker> | undefined;

  constructor(private readonly settings: DockerSettings) {}

  async facts(): Promise<EngineFacts> {
    const client = await this.#connected();
    const info = (await this.#said(client.info())) as Record<string, unknown>;
    return {
      version: String(info['ServerVersion']),
      runtimes: Object.keys(info['Runtimes'] ?? {}),
      filtersCalls: ((info['SecurityOptions'] ?? []) as string[]).some(option => option.includes('seccomp')),
      memory: info['MemoryLimit'] === true,
      pids: info['PidsLimit'] === true,
      cpu: info['CpuCfsQuota'] === true,
    };
  }

  /** Throws {@link ImageUnusableError} when it is not there and may not or cannot be fetched. */
  async image(name: string): Promise<void> {
    const client = await this.#connected();
    if (await this.#found(client.getImage(name).inspect())) return;
    if (this.settings.pull === 'never') {
      throw new ImageUnusableError(name, 'it is not on this machine, and none is fetched.', `docker pull ${name}`);
    }
    try {
      const progress = await client.pull(name);
      await new Promise<void>((resolve, reject) =>
        client.modem.followProgress(progress, error => (error ? reject(error) : resolve())),
      );
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ImageUnusableError(
        name,
        `it is not on this machine and was not fetched: ${reason}`,
        `docker pull ${name}`,
        cause,
      );
    }
  }

  async inspect(name: string): Promise<Docker.ContainerInspectInfo | undefined> {
    const client = await this.#connected();
    return this.#found(client.getContainer(name).inspect());
  }

  /** Answers whether it was made; not when there is one of that name already. */
  async create(options: Docker.ContainerCreateOptions): Promise<boolean> {
    const client = await this.#connected();
    try {
      const container = await client.createContainer(options);
      await container.start();
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return false;
      throw this.#fault(error);
    }
  }

  async remove(name: string): Promise<void> {
    const client = await this.#connected();
    try {
      await client.getContainer(name).remove({ force: true, v: true });
    } catch (error) {
      // 409: somebody else is removing it.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw this.#fault(error);
    }
  }

  /** The containers that carry all of these labels, running or not. */
  async labelled(...label: readonly string[]): Promise<readonly LabelledContainer[]> {
    const client = await this.#connected();
    const found = await this.#said(client.listContainers({ all: true, filters: { label: [...label] } }));
    return found.map(({ Id, Labels }) => ({ id: Id, labels: Labels }));
  }

  /** Removes them, and waits for those that are being removed. Throws {@link SandboxStalledError} when one does not go. */
  async removeLabelled(...label: readonly string[]): Promise<void> {
    const late = () => new SandboxStalledError(`its container is not removed within ${REMOVAL_MS} ms`);
    for (const end = performance.now() + REMOVAL_MS; ; await sleep(REMOVAL_PAUSE_MS)) {
      const left = await this.labelled(...label);
      if (left.length === 0) return;
      if (performance.now() >= end) throw late();
      await timeLimited(Promise.all(left.map(({ id }) => this.remove(id))), REMOVAL_MS, late);
    }
  }

  /** Undefined: no such container runs. */
  async exec(name: string, { argv, env }: ContainerProgram): Promise<ContainerProcess | undefined> {
    const client = await this.#connected();
    try {
      const exec = await client.getContainer(name).exec({
        ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false },
        Cmd: [...argv],
        Env: Object.entries(env).map(([variable, value]) => `${variable}=${value}`),
      });
      const stream = await exec.start({ hijack: true, stdin: true });
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      client.modem.demuxStream(stream, stdout, stderr);
      const end = (): void => void [stdout, stderr].forEach(output => output.end());
      stream.on('end', end).on('close', end).on('error', end);
      return { stdin: stream, stdout, stderr, exitCode: () => exitOf(exec), close: () => void stream.destroy() };
    } catch (error) {
      if (statusOf(error) === 404 || statusOf(error) === 409) return undefined;
      throw this.#fault(error);
    }
  }

  /** Writes to the standard input of a container's first program. */
  async tell(name: string, words: string): Promise<void> {
    const client = await this.#connected();
    const stream = await this.#said(
      client.getContainer(name).attach({ stream: true, stdin: true, stdout: false, stderr: false, hijack: true }),
    );
    await new Promise<void>(resolve => stream.end(words, () => resolve()));
  }

  async #connected(): Promise<Docker> {
    this.#client ??= import('dockerode').then(
      ({ default: Client }) => new Client({ socketPath: this.settings.socketPath }),
    );
    return this.#client;
  }

  async #found<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await asked;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw this.#fault(error);
    }
  }

  async #said<Answer>(asked: Promise<Answer>): Promise<Answer> {
    try {
      return await asked;
    } catch (error) {
      throw this.#fault(error);
    }
  }

  /** What it refused is its last word; what it did not answer may pass. */
  #fault(error: unknown): unknown {
    return statusOf(error) === undefined
      ? new EngineSilentError(`The Docker Engine at ${this.settings.socketPath}`, error)
      : error;
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { readonly statusCode?: number }).statusCode;
}

/** The output ends a moment before the engine knows the exit code. */
async function exitOf(exec: Docker.Exec): Promise<number | undefined> {
  for (let looks = 0; looks < EXIT_LOOKS; looks += 1) {
    const { Running, ExitCode } = await exec.inspect().catch(() => ({ Running: false, ExitCode: null }));
    if (!Running) return ExitCode ?? undefined;
    await sleep(EXIT_PAUSE_MS);
  }
  return undefined;
}
