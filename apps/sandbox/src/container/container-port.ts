import type { Readable, Writable } from 'node:stream';

/** A program for a container that is up. Nothing of the service's own environment is added to `env`. */
export interface ContainerProgram {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** One program inside a container, as far away as its engine is. */
export interface ContainerProcess {
  /** Ending it is seen inside, and so is the end of this process. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** To be asked once both outputs have ended; undefined: nobody knows, because the container is gone. */
  exitCode(): Promise<number | undefined>;
  /** Drops the connection: outputs end here whatever goes on inside. */
  close(): void;
}

/** A container that is kept up by a shell waiting for orders, and in which programs are started: of Docker, or a pod. */
export interface Container {
  /** Throws a fault when it cannot be had or the program cannot be started. */
  start(program: ContainerProgram): Promise<ContainerProcess>;
  /** Kills every process but the one that keeps it up. Needs no room for another process inside. */
  killAll(): Promise<void>;
  /** Ends it, and everything inside with it. Idempotent. */
  remove(): Promise<void>;
}
