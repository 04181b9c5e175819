import type { ConsumerLog, ReactorHost, RunningConsumer } from '@runledger/messaging';
import type { CommandClient, HomeLock } from '@runledger/platform';
import { HomeInUseError, lockHome } from '@runledger/platform';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { DEFAULT_LIVENESS, Membership } from '../workers/membership.js';
import type { Liveness, Member } from '../workers/membership.js';
import { RunFiles } from '../workers/run-files.js';
import { thisMachine } from '../workers/this-machine.js';
import { SandboxHomeInUseError } from '../workers/worker-faults.js';
import type { WorkerHome } from '../workers/worker-table.js';
import { WorkerTable } from '../workers/worker-table.js';
import type { AttemptHost } from './attempt-execution.js';
import { AttemptWorker, DEFAULT_WORKER_LIMITS } from './attempt-worker.js';
import type { WorkerLimits } from './attempt-worker.js';
import { BudgetOfBilling } from './budget.js';
import { FlowsOfOrchestrator } from './flows.js';
import { claimReactor, type ClaimTables } from './claim.reactor.js';
import { Interruptions } from './interruptions.js';
import { HeldRuns } from './held-runs.js';
import { IsolationWarnings } from './isolation-warnings.js';
import { OpenWork } from './open-work.js';
import { PeopleOfTheLog } from './people.js';
import { ParkedRuns } from './parked-runs.js';
import { RunHomes } from './run-homes.js';
import { RunReleases } from './run-releases.js';
import { WorkNews } from './work-news.js';

export interface SandboxRuntimeParts {
  readonly host: Omit<AttemptHost, 'people' | 'warnings'>;
  readonly database: Pool;
  /** Absolute. Holds the worker's name and its sandboxes; locked while the service runs. */
  readonly homeDir: string;
  readonly reactors: ReactorHost;
  readonly log: ConsumerLog;
  /** Who is asked before money is spent; left out: nothing is limited. */
  readonly services?: CommandClient;
  readonly limits?: Partial<WorkerLimits>;
  readonly liveness?: Partial<Liveness>;
  /** Where to say and hear that there is work, when there are more replicas than this one. */
  readonly newsUrl?: string;
}

/** How much there is to do, and how much can be done. */
export interface SandboxLoad {
  /** Ready steps of the whole platform that no worker has begun. */
  readonly waiting: number;
  /** Attempts that execute in this process. */
  readonly executing: number;
  /** Most that may execute in this process. */
  readonly capacity: number;
}

/** How long the start waits to have heard of what ended meanwhile, before it goes on with what was open. */
const CATCH_UP_MS = 2_000;

/** The running service: the reactor that notes what is open, the worker that does it, and its life among other workers. */
export class SandboxRuntime {
  readonly #work: OpenWork;
  readonly #held: HeldRuns;
  readonly #parked: ParkedRuns;
  readonly #limits: WorkerLimits;
  readonly #worker: AttemptWorker;
  readonly #releases: RunReleases;
  readonly #membership: Membership;
  readonly #news: WorkNews;
  #claims: RunningConsumer | undefined;
  #lock: HomeLock | undefined;

  constructor(private readonly parts: SandboxRuntimeParts) {
    const { database, log, host, homeDir, newsUrl } = parts;
    const { worker, sandboxes, store, runners } = host;
    const [homes, workers] = [new RunHomes(database), new WorkerTable(database)];
    const home: WorkerHome = { machine: thisMachine(), path: homeDir };
    const files = new RunFiles({ worker, home, workers, homes, store, runners });
    this.#work = new OpenWork(database);
    this.#held = new HeldRuns(database);
    const parked = (this.#parked = new ParkedRuns(database));
    const people = new PeopleOfTheLog(store, this.#work);
    const bringing: AttemptHost = {
      ...host,
      ...this.#services(),
      people,
      warnings: new IsolationWarnings(log),
      bring: (open, driver) => files.bring(open, driver),
    };
    this.#limits = { ...DEFAULT_WORKER_LIMITS, ...parts.limits };
    this.#worker = new AttemptWorker(bringing, { work: this.#work, homes, held: this.#held }, log, this.#limits);
    const onReopened = (): void => this.#worker.wake();
    const { executing, idle } = this.#worker;
    this.#releases = new RunReleases({ worker, homes, parked, sandboxes, runners, executing, idle, log, onReopened });
    this.#news = new WorkNews({ name: worker, worker: this.#worker, releases: this.#releases, url: newsUrl, log });
    const liveness = { ...DEFAULT_LIVENESS, ...parts.liveness };
    const member = this.#member(workers, homes, home);
    this.#membership = new Membership({ worker, table: workers, member, log, liveness });
  }

  /**
   * Goes on with what was open only after the reactor has read everything up to now: some of it may be over. Where others read
   * for this process, or the log is long, that may take its time: then what is over is heard of later.
   */
  async start(): Promise<void> {
    const { host, reactors, homeDir } = this.parts;
    this.#lock = await lockOwnHome(homeDir);
    await this.#work.prepare();
    await this.#membership.start();
    const head = await host.store.head();
    this.#claims = await reactors.start(claimReactor(this.#tables(), this.#news));
    await Promise.race([this.#claims.reached(head), delay(CATCH_UP_MS, undefined, { ref: false })]);
    this.#proveEngines();
    this.#releases.start();
    this.#worker.start();
    this.#news.start(this.#limits.lookEveryMs);
  }

  /** Resolves when no process of an attempt is left but runners that are to outlive this one; what was executing goes on at the next start (R2). */
  async stop({ isFinal = false } = {}): Promise<void> {
    const { sandboxes, runners } = this.parts.host;
    if (isFinal) runners?.letNoneOutlive();
    await this.#claims?.stop();
    await this.#news.stop();
    await this.#releases.stop();
    await this.#worker.stop();
    await this.#membership.stop();
    await runners?.close();
    await sandboxes.close(runners?.outliving());
    await this.#lock?.release();
  }

  async load(): Promise<SandboxLoad> {
    const waiting = await this.#work.waiting();
    return { waiting, executing: this.#worker.executing.count, capacity: this.#limits.maxAttempts };
  }

  /** How the drivers of this process stand. */
  drivers(): ReturnType<AttemptHost['sandboxes']['described']> {
    return this.parts.host.sandboxes.described();
  }

  /** Beside the start: what a step needs is proven once more before it begins, if this failed. */
  #proveEngines(): void {
    const { log, host } = this.parts;
    void host.sandboxes.proveEngines().then(unfit => {
      for (const { driver, error } of unfit) log.error({ error, driver }, 'A sandbox driver cannot be used.');
    });
  }

  #services(): Pick<AttemptHost, 'budget' | 'flows'> {
    const { services: client, host } = this.parts;
    if (!client) return {};
    const parts = { client, held: this.#held, clock: host.clock };
    return {
      budget: (attempt, signal) => new BudgetOfBilling(parts, attempt, signal),
      flows: (attempt, signal) => new FlowsOfOrchestrator(parts, attempt, signal),
    };
  }

  #tables(): ClaimTables {
    return { work: this.#work, held: this.#held, parked: this.#parked };
  }

  #member(workers: WorkerTable, homes: RunHomes, home: WorkerHome): Member {
    const { log, host, database } = this.parts;
    const interruptions = new Interruptions(database, host);
    const sweep = (): void => {
      this.#releases.sweep().catch((error: unknown) => {
        log.error({ error }, 'Leftovers of earlier work were not removed; it is tried again.');
      });
    };
    return {
      joined: async tenure => {
        await workers.writeHome(host.worker, home);
        await homes.takeBack(tenure);
        sweep();
        this.#worker.joined(tenure);
      },
      lost: () => this.#worker.lost(),
      othersDied: workers => {
        this.#worker.wake();
        interruptions.note(workers).catch((error: unknown) => {
          log.warn({ error, workers }, 'It was not written down that these workers have died; their runs go on.');
        });
      },
    };
  }
}

async function lockOwnHome(homeDir: string): Promise<HomeLock> {
  try {
    return await lockHome(homeDir);
  } catch (error) {
    if (error instanceof HomeInUseError) throw new SandboxHomeInUseError(homeDir, error.fields['pid'], error);
    throw error;
  }
}
