import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  DoubleCall,
  DoubleFault,
  DoubleIdentity,
  DoubleOrder,
  DoubleReport,
  DoubleUser,
  RestartOptions,
} from './double-control.js';

export interface EventStoreDoubleOptions {
  /** Where it listens, on loopback; default a free one. */
  readonly port?: number;
  /** Speaks TLS with this certificate; default: none. */
  readonly tls?: DoubleIdentity;
  /** Whom it lets in; default: everybody. */
  readonly user?: DoubleUser;
  /**
   * Whether ids of earlier appends are known when a writer expects `any` or `exists`. The real server knows the latest ones
   * until it restarts.
   */
  readonly remembersIds?: boolean;
}

/** Nothing reaches the double except gRPC and these orders, so it is as far away from its client as a server. */
export interface EventStoreDouble {
  readonly port: number;
  /** Without a user. */
  readonly connectionString: string;
  /** Each fault happens once, to the next call of its method. */
  inject(...faults: readonly DoubleFault[]): Promise<void>;
  /** All calls so far. */
  calls(): Promise<readonly DoubleCall[]>;
  /** Breaks all connections and comes back on the same port, with its log but without the faults that are left. */
  restart(options?: RestartOptions): Promise<void>;
  /** Ends all subscriptions as a server does that is about to stop; answers how many there were. */
  dropSubscriptions(): Promise<number>;
  stop(): Promise<void>;
}

/** Node strips the types; imports name the compiled file, so they are turned to the source where only that exists. */
const RUNS_SOURCE = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  try { return next(name, context); } catch (error) {
    if (name.startsWith('.') && name.endsWith('.js')) return next(name.slice(0, -3) + '.ts', context);
    throw error;
  }
} });`;

/**
 * Starts a server that speaks EventStoreDB's gRPC protocol and keeps its log in memory: appends, deletes, reads and
 * subscriptions to `$all`, with the server's rules for expected revisions and repeated ids.
 *
 * It is a process of its own. The generated messages register themselves in a global object, so a client and a server (or two
 * clients) that share a process can corrupt each other's serialisation; and only a process can break a connection for real.
 */
export async function startEventStoreDouble(options: EventStoreDoubleOptions = {}): Promise<EventStoreDouble> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`./double-process.${extension}`, import.meta.url));
  const hook = ['--import', `data:text/javascript,${encodeURIComponent(RUNS_SOURCE)}`];
  const flags = extension === 'ts' ? ['--disable-warning=ExperimentalWarning', ...hook] : [];
  const child = spawn(process.execPath, [...flags, program, JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const owner = new DoubleOwner(child);
  const port = await owner.listening;
  return {
    port,
    connectionString: options.tls ? `esdb://localhost:${port}` : `esdb://127.0.0.1:${port}?tls=false`,
    inject: async (...faults) => void (await owner.order({ order: 'inject', faults })),
    calls: async () => (await owner.order({ order: 'calls' })) as readonly DoubleCall[],
    restart: async (restart = {}) => void (await owner.order({ order: 'restart', options: restart })),
    dropSubscriptions: async () => (await owner.order({ order: 'drop-subscriptions' })) as number,
    stop: () => owner.stop(),
  };
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

class DoubleOwner {
  readonly listening: Promise<number>;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
  >();
  #orders = 0;

  constructor(private readonly child: ChildProcess) {
    this.listening = new Promise((resolve, reject) => {
      child.on('message', (report: DoubleReport) => {
        if ('listening' in report) resolve(report.listening);
        else this.#settle(report);
      });
      child.on('error', reject);
      child.on('exit', code => {
        const error = new Error(`The EventStoreDB double has ended with code ${String(code)}.`);
        reject(error);
        for (const { reject: fail } of this.#waiting.values()) fail(error);
        this.#waiting.clear();
      });
    });
  }

  order(order: Unnumbered<DoubleOrder>): Promise<unknown> {
    this.#orders += 1;
    const id = this.#orders;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.child.send({ ...order, id }, error => {
        if (error) reject(error);
      });
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }

  #settle(report: Exclude<DoubleReport, { readonly listening: number }>): void {
    const waiting = this.#waiting.get(report.id);
    this.#waiting.delete(report.id);
    if ('failure' in report) waiting?.reject(new Error(report.failure));
    else waiting?.resolve(report.result);
  }
}
