import type { ConsumerLog, ReactorHost, RunningConsumer } from '@runledger/messaging';
import type { Pool } from 'pg';
import { AttemptWorker, DEFAULT_WORKER_LIMITS } from './attempt-worker.js';
import type { WorkerLimits } from './attempt-worker.js';
import type { AttemptHost } from './attempt-execution.js';
import { claimReactor } from './claim.reactor.js';
import { OpenWork } from './open-work.js';

export interface SandboxRuntimeParts {
  readonly host: AttemptHost;
  readonly database: Pool;
  readonly reactors: ReactorHost;
  readonly log: ConsumerLog;
  readonly limits?: Partial<WorkerLimits>;
}

/** The running service: the reactor that notes what is open, and the worker that does it. */
export class SandboxRuntime {
  readonly #work: OpenWork;
  readonly #worker: AttemptWorker;
  #claims: RunningConsumer | undefined;

  constructor(private readonly parts: SandboxRuntimeParts) {
    const limits = { ...DEFAULT_WORKER_LIMITS, ...parts.limits };
    this.#work = new OpenWork(parts.database);
    this.#worker = new AttemptWorker(parts.host, this.#work, parts.log, limits);
  }

  /** Leftovers go only after the reactor has read everything up to now: a run is a leftover when the log says that it ended. */
  async start(): Promise<void> {
    await this.#work.prepare();
    const { host, reactors } = this.parts;
    const head = await host.store.head();
    this.#claims = await reactors.start(claimReactor(this.#work, this.#worker));
    await this.#claims.reached(head);
    await this.#worker.start();
  }

  /** Resolves when no process of an attempt is left; what was executing is resumed at the next start (R2). */
  async stop(): Promise<void> {
    await this.#claims?.stop();
    await this.#worker.stop();
  }
}
