import { catalogue, RunCancelRequested, RunCompleted, runEvents, StepReady } from '@runledger/contracts';
import type { AttemptEnded, AttemptEvent, ProfileDefinition } from '@runledger/contracts';
import { CommandHandler, createPostgresEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import type { EventStore, NewEvent } from '@runledger/event-store';
import { logDatabase } from '@runledger/event-store/testing';
import type { DomainEvent } from '@runledger/kernel';
import { ReactorHost, SILENT, storeDirect } from '@runledger/messaging';
import type { ConsumerLog } from '@runledger/messaging';
import { FileBlobStore, observedStore, silentTelemetry, systemClock } from '@runledger/platform';
import { eventually } from '@runledger/testing';
import type { TestDatabase } from '@runledger/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { testProfile } from '../driver/sandbox.fixture.js';
import { forkHere } from '../forking/fork-here.js';
import type { Forks } from '../forking/forks.js';
import { integrationsOf } from '../integrations/open-integrations.js';
import type { Integrations } from '../integrations/integrations.js';
import { NO_CREDENTIALS } from '../integrations/credentials.js';
import { PublishedProfiles } from '../profile/published-profiles.js';
import type { SandboxDriver } from '../driver/sandbox-driver.js';
import type { AttemptHost } from './attempt-execution.js';
import { attemptStream, placeOf } from './attempt-place.js';
import type { ReadyStep } from './attempt-place.js';
import { readSandboxConfig } from '../sandbox.config.js';
import type { SandboxConfig } from '../sandbox.config.js';
import { isolationsOf } from '../driver/local-drivers.js';
import { attemptHost } from './attempt-host.js';
import { RunSandboxes } from './run-sandboxes.js';
import { SandboxRuntime } from './sandbox-runtime.js';
import type { WorkerLimits } from './attempt-worker.js';

const WORKSPACE = 'ws_test';
const PAGE = 1_000;
type RuntimeHost = Omit<AttemptHost, 'people' | 'warnings'>;
type EndedData = ReturnType<typeof AttemptEnded>['data'];

/** A database, a directory and the hands of an orchestrator: everything around the sandbox service that a spec needs. */
export class Ground {
  readonly directory = mkdtempSync(join(tmpdir(), 'runledger-attempts-'));
  readonly blobs = new FileBlobStore(join(this.directory, 'blobs'));
  readonly store: EventStore;
  readonly pool: pg.Pool;
  readonly commands: CommandHandler;
  readonly #started: SandboxRuntime[] = [];
  /** What starts the programs of the wired service. From here as a rule: the process that does it for real has to be compiled. */
  forks: Forks = forkHere;
  /** What services that are started tell the operator. */
  log: ConsumerLog = SILENT;
  /** Of the wired service. */
  integrations: Integrations | undefined;
  /** Of whoever publishes. */
  traceparent: string | undefined;

  private constructor(readonly database: TestDatabase) {
    this.pool = new pg.Pool({ connectionString: database.url, max: 4 });
    this.pool.on('error', () => undefined); // an idle connection may see the database go before it has closed
    this.store = createPostgresEventStore({ connectionString: database.url, poolSize: 4 });
    this.commands = new CommandHandler(this.store);
  }

  static async make(): Promise<Ground> {
    const ground = new Ground(await logDatabase());
    return ground;
  }

  /** Starts the service in this process. `profile` is what every step gets. */
  async service(
    parts: Pick<AttemptHost, 'work'> & Partial<RuntimeHost> & { readonly drivers: readonly SandboxDriver[] },
    limits: Partial<WorkerLimits> = {},
    profile: ProfileDefinition = testProfile(),
  ): Promise<SandboxRuntime> {
    const { drivers, ...more } = parts;
    const host: RuntimeHost = {
      store: this.store,
      commands: new CommandHandler(this.store),
      clock: systemClock,
      worker: 'worker-1',
      blobs: this.blobs,
      sandboxes: new RunSandboxes(drivers),
      profile: () => Promise.resolve({ version: 1, definition: profile }),
      driver: () => drivers[0]!,
      setUp: () => Promise.resolve(),
      collect: () => Promise.resolve(),
      credentials: () => NO_CREDENTIALS,
      ...more,
    };
    return this.#start(host, join(this.directory, `home of ${host.worker}`), limits);
  }

  /** Starts the service as it is wired for real, with drivers of its own. */
  async wiredService(
    config: Partial<SandboxConfig> = {},
    limits: Partial<WorkerLimits> = {},
    telemetry = silentTelemetry(),
  ): Promise<SandboxRuntime> {
    const store = observedStore(this.store, telemetry);
    const commands = new CommandHandler(store);
    const defaults = readSandboxConfig({});
    const agents = { ...defaults.agents, place: 'service' } as const; // nothing to compile, no process to wait for
    const settings = { ...defaults, agents, mountSources: [this.directory], ...config };
    const profiles = new PublishedProfiles(commands, { ...settings, isolations: isolationsOf(settings) });
    const { blobs } = this;
    const homeDir = join(this.directory, 'home');
    const vault = { config: settings, database: this.pool, keyFile: join(this.directory, 'vault.key') };
    this.integrations = integrationsOf({ ...vault, commands, clock: systemClock });
    const parts = { store, blobs, clock: systemClock, commands, profiles, telemetry };
    const { integrations } = this;
    const offer = { credentials: [], integrations: [] };
    const host = attemptHost({ ...parts, config: settings, homeDir, forks: this.forks, integrations, offer });
    return this.#start(host, homeDir, limits);
  }

  async #start(host: RuntimeHost, homeDir: string, limits: Partial<WorkerLimits>): Promise<SandboxRuntime> {
    const runtime = new SandboxRuntime({
      host,
      database: this.pool,
      homeDir,
      reactors: new ReactorHost(storeDirect(this.store), new PostgresCheckpoints(this.pool), catalogue, {
        owner: newUuid(),
      }),
      log: this.log,
      limits,
    });
    this.#started.push(runtime);
    await runtime.start();
    return runtime;
  }

  /** Publishes a profile for the workspace of every spec. */
  async publishProfile(definition: ProfileDefinition, mountSources = [this.directory]): Promise<void> {
    const policy = { isolations: ['bubblewrap', 'docker', 'kubernetes', 'none'] as const, mountSources };
    const outcome = await new PublishedProfiles(this.commands, policy).publish(
      { definition },
      {
        commandId: newUuid(),
        workspaceId: WORKSPACE,
        actor: { kind: 'system', id: 'spec' },
        occurredAt: systemClock.now(),
        correlationId: newUuid(),
      },
    );
    if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
  }

  async publish(runId: string, ...events: DomainEvent[]): Promise<void> {
    const facts = events.map(({ type, data }) => ({
      type,
      data: runEvents.find(definition => definition.type === type)!.schema.parse(data),
    }));
    await this.record(`run-${runId.slice(4)}`, runId, facts);
  }

  /** Appends facts as they are, as if someone had recorded them before. */
  async record(name: string, runId: string, facts: readonly Pick<NewEvent, 'type' | 'data'>[]): Promise<void> {
    const metadata = {
      correlationId: runId,
      causationId: runId,
      actor: { kind: 'system', id: 'spec' } as const,
      workspaceId: WORKSPACE,
      occurredAt: systemClock.now(),
      schemaVersion: 1,
      ...(this.traceparent !== undefined && { traceparent: this.traceparent }),
    };
    const recorded = facts.map(fact => ({ ...fact, id: newUuid(), metadata }));
    await this.store.append({ tenant: WORKSPACE, name }, recorded, 'any');
  }

  async ready(step: Partial<ReadyStep> & { readonly runId: string }): Promise<ReadyStep> {
    const ready: ReadyStep = {
      step: 'work',
      attempt: 1,
      profile: 'test',
      timeoutMs: 100_000,
      artifacts: [],
      readyAt: systemClock.now(),
      ...step,
    };
    await this.publish(ready.runId, StepReady(ready));
    return ready;
  }

  completed(runId: string): Promise<void> {
    return this.publish(runId, RunCompleted({ runId, completedAt: systemClock.now() }));
  }

  cancel(runId: string, mode: 'GRACEFUL' | 'FORCE'): Promise<void> {
    const by = { kind: 'member', id: 'mem_1' } as const;
    return this.publish(runId, RunCancelRequested({ runId, mode, by, requestedAt: systemClock.now() }));
  }

  async transcript(ready: ReadyStep): Promise<AttemptEvent[]> {
    const name = attemptStream(placeOf(ready));
    const found: AttemptEvent[] = [];
    for (;;) {
      const { events } = await this.store.readStream({ tenant: WORKSPACE, name }, { from: found.length, limit: PAGE });
      found.push(...events.map(({ type, data }) => ({ type, data }) as AttemptEvent));
      if (events.length < PAGE) return found;
    }
  }

  async end(ready: ReadyStep, timeoutMs = 60_000): Promise<EndedData> {
    return eventually(async () => {
      const ended = (await this.transcript(ready)).find(event => event.type === 'AttemptEnded');
      return ended ? ended.data : false;
    }, timeoutMs) as Promise<EndedData>;
  }

  async giveBack(): Promise<void> {
    await Promise.all(this.#started.map(runtime => runtime.stop()));
    await this.store.close();
    await this.pool.end();
    await this.database.drop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function newRunId(): string {
  return `run_${newUuid()}`;
}
