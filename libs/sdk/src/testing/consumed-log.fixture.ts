import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogue } from '@runledger/contracts';
import { createPostgresEventStore, newUuid } from '@runledger/event-store';
import type { Actor, EventStore } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import type { DomainEvent } from '@runledger/kernel';
import { BigEvents, createLog, FileBlobStore, PersonalData, personalStore, SubjectKeys } from '@runledger/platform';
import type { TestDatabase } from '@runledger/testing';
import pg from 'pg';
import { readServiceConfig, startService } from '../index.js';
import type { RunningService, Service } from '../index.js';

const ROOT = join(import.meta.dirname, '../../../..');
const QUICK = { ttlMs: 3_000, heartbeatMs: 200 };

interface Place {
  /** Default `run_1`. */
  readonly run?: string;
  readonly actor?: Actor;
}

/** A platform's log on a real database, and services on it. */
export class ConsumedLog {
  readonly keys: SubjectKeys;
  /** The data directory of the platform. */
  readonly home = mkdtempSync(join(tmpdir(), 'runledger-sdk-'));
  readonly #services = new Set<RunningService>();
  readonly #store: EventStore;
  readonly #sealed: EventStore;

  private constructor(
    readonly database: TestDatabase,
    readonly pool: pg.Pool,
  ) {
    this.keys = new SubjectKeys(pool);
    this.#store = createPostgresEventStore({ connectionString: database.url });
    const whole = new BigEvents(new FileBlobStore(join(this.home, 'blobs'))).around(this.#store);
    this.#sealed = personalStore(whole, new PersonalData(this.keys, catalogue));
  }

  static async open(): Promise<ConsumedLog> {
    const database = await logDatabase();
    const pool = new pg.Pool({ connectionString: database.url, max: 4 });
    return new ConsumedLog(database, pool);
  }

  /** As the platform writes them: what is personal is sealed. Answers the position of the last one. */
  async happened(events: readonly DomainEvent[], { run = 'run_1', actor }: Place = {}): Promise<bigint> {
    const recorded = events.map(event => {
      const id = newUuid();
      const by = actor ?? ({ kind: 'service', id: 'orchestrator' } as const);
      const story = { correlationId: run, causationId: id, workspaceId: 'ws_1', schemaVersion: 1, actor: by };
      return { id, ...event, metadata: { ...story, occurredAt: '2026-11-21T10:00:00.000Z' } };
    });
    const outcome = await this.#sealed.append({ tenant: 'ws_1', name: `run-${run}` }, recorded, 'any');
    if (outcome.status !== 'appended') throw new Error(outcome.status);
    return outcome.position;
  }

  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { DATABASE_URL: this.database.url, LOG_LEVEL: 'silent', ...more };
  }

  async start(service: Service, more: Readonly<Record<string, string>> = {}): Promise<RunningService> {
    const log = createLog({ level: 'silent' });
    const running = await startService(service, readServiceConfig(this.environment(more)), { log, leases: QUICK });
    this.#services.add(running);
    return running;
  }

  async stopServices(): Promise<void> {
    await Promise.all([...this.#services].map(service => service.stop()));
    this.#services.clear();
  }

  async rows(sql: string): Promise<readonly Record<string, unknown>[]> {
    return (await this.pool.query<Record<string, unknown>>(sql)).rows;
  }

  async close(): Promise<void> {
    await this.stopServices();
    await this.#store.close();
    await this.pool.end();
    await this.database.drop();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Runs the program (a module that may import the SDK) until it has said `word`, and kills it then with SIGKILL. */
export async function killedWhen(
  word: string,
  program: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: join(ROOT, 'libs/sdk'),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment },
  });
  const gone = once(child, 'exit');
  try {
    let said = '';
    const ended = gone.then(() => Promise.reject(new Error(`The program ended before it said ${word}: ${said}`)));
    const heard = new Promise<void>(resolve => {
      child.stdout.on('data', chunk => {
        said += String(chunk);
        if (said.includes(word)) resolve();
      });
    });
    await Promise.race([heard, ended]);
    ended.catch(() => undefined); // it is ended below
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}
