import type Docker from 'dockerode';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallNotStartedError, SandboxUnavailableError } from '../driver/sandbox-faults.js';
import { ImageUnusableError } from './container-faults.js';
import { saidBy } from './container-output.js';
import type { Container, ContainerProcess, ContainerProgram } from './container-port.js';
import { CONTAINER_PROBE } from './container-scripts.js';
import type { DockerEngine } from './docker-engine.js';

/** Says of what settings a container was made. */
export const SETTINGS_LABEL = 'runledger.settings';
const READY_TRIES = 3;
/** One that is being removed keeps its name for a while. */
const GONE_TRIES = 60;
const GONE_PAUSE_MS = 100;

export interface DockerContainerParts {
  readonly engine: DockerEngine;
  readonly options: Docker.ContainerCreateOptions & { readonly name: string; readonly Image: string };
  /** `runc`, or one that filters system calls in its own way. */
  readonly runtime: string;
}

/** The container of one sandbox: made when it is first needed, found again by its name, and proven before anything runs in it. */
export class DockerContainer implements Container {
  readonly #parts: DockerContainerParts;
  #ready: Promise<number> | undefined;

  constructor(parts: DockerContainerParts) {
    this.#parts = parts;
  }

  /** The host pid of its first process. */
  pid(): Promise<number> {
    const ready = this.#ready ?? this.#find();
    this.#ready = ready;
    ready.catch(() => (this.#ready = undefined));
    return ready;
  }

  /** One that went away, with its engine for instance, is made again. */
  async start(program: ContainerProgram): Promise<ContainerProcess> {
    const { engine, options } = this.#parts;
    for (let tries = 0; tries < READY_TRIES; tries += 1) {
      await this.pid();
      const process = await engine.exec(options.name, program);
      if (process) return process;
      this.#ready = undefined;
    }
    throw new CallNotStartedError(program.argv.join(' ').slice(0, 80), `container ${options.name} does not stay up`);
  }

  async killAll(): Promise<void> {
    await this.#parts.engine.tell(this.#parts.options.name, 'kill\n');
  }

  async remove(): Promise<void> {
    this.#ready = undefined;
    await this.#parts.engine.remove(this.#parts.options.name);
  }

  async #find(): Promise<number> {
    const { engine, options } = this.#parts;
    for (let tries = 0; tries < GONE_TRIES; tries += 1) {
      const found = await engine.inspect(options.name);
      if (found?.State.Running && found.Config.Labels[SETTINGS_LABEL] === options.Labels?.[SETTINGS_LABEL]) {
        return found.State.Pid;
      }
      if (found) await engine.remove(options.name);
      await engine.image(options.Image);
      if (await engine.create(options)) await this.#prove();
      else await sleep(GONE_PAUSE_MS);
    }
    throw new SandboxUnavailableError(
      `container ${options.name} of image ${options.Image} does not stay up`,
      `docker logs ${options.name}`,
    );
  }

  /** From inside, with everything that the image brings (S1). */
  async #prove(): Promise<void> {
    const { engine, options, runtime } = this.#parts;
    const shell = { argv: ['/bin/sh', '-c', CONTAINER_PROBE, 'probe', runtime, 'none'], env: {} };
    const start = async (): Promise<ContainerProcess> => {
      const process = await engine.exec(options.name, shell);
      if (!process)
        throw new ImageUnusableError(options.Image, 'its container ended at once.', 'Use an image with /bin/sh.');
      return process;
    };
    try {
      const said = await saidBy({ start, killAll: () => this.killAll(), remove: () => this.remove() }, shell.argv);
      insist(options.Image, said, 'look at `docker info`: which runtime is it, and with which security options?');
    } catch (error) {
      await engine.remove(options.name);
      throw error;
    }
  }
}

/** Throws when the probe named something missing or open. */
export function insist(image: string, said: string | undefined, fix: string): void {
  const lines = (said ?? '').split('\n').filter(Boolean);
  const named = (kind: string) =>
    lines.filter(line => line.startsWith(`${kind} `)).map(line => line.slice(kind.length + 1));
  const [missing, open] = [named('missing'), named('open')];
  if (missing.length > 0) {
    throw new ImageUnusableError(image, `it has no ${missing.join(', ')}.`, `Add ${missing.join(', ')} to the image.`);
  }
  if (open.length > 0) throw new SandboxUnavailableError(open.join('; '), fix);
  if (!lines.includes('proven')) {
    throw new ImageUnusableError(
      image,
      'the probe did not run to its end.',
      'Use an image with /bin/sh and coreutils.',
    );
  }
}
