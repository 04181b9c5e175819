/**
 * What it takes until an agent is heard of: the sandbox service in this process, as it is wired for real, with PostgreSQL, sandboxes and
 * runners. A step's time goes from the moment when its StepReady was stored to the moment when the first words of its agent were;
 * each step is the first of its run, whose sandbox is made for it. The runner's memory is read while its agent waits for a program.
 *
 * Baseline of the same round: this process starts a bare Node.js and waits for its end.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  catalogue,
  DEFAULT_LIMITS,
  PublishSandboxProfile,
  ReleaseBudget,
  ReserveBudget,
  StepReady,
} from '@runledger/contracts';
import { createPostgresEventStore, migrateEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import { COMMAND_CLIENT, CommandRegistry, FileBlobStore, PlatformModule } from '@runledger/platform';
import { SandboxModule } from '@runledger/sandbox';
import { readSandboxConfig } from '@runledger/sandbox/config';
import pg from 'pg';
import { percentiles } from './rounds.mjs';

const TENANT = 'ws_bench';
const PATIENCE_MS = 60_000;
const QUIET_MS = 1_000;
const SCRIPT = [{ text: 'Here.', tools: [{ name: 'bash', arguments: { command: 'sleep 0.3' } }] }, { text: 'Done.' }];

export async function run({ databaseUrl, rounds, quick, log }) {
  const attempts = quick ? 5 : 20;
  const service = await openService(databaseUrl);
  try {
    for (let warm = 0; warm < 3; warm += 1) await service.play();
    const results = [];
    for (let round = 0; round < rounds; round += 1) {
      const bare = percentiles(await times(attempts, bareNode));
      const played = await times(attempts, () => quietly(() => service.play()));
      const first = percentiles(played.map(({ firstMs }) => firstMs));
      const memory = key => percentiles(played.map(({ memory: found }) => found[key])).p50;
      results.push({ bare, first, rss: memory('Rss'), own: memory('Private_Dirty') });
      log(
        `attempt: round ${round + 1}: first words after p50 ${first.p50.toFixed(0)} ms, RSS ${memory('Rss').toFixed(0)} MB`,
      );
    }
    return report(results);
  } finally {
    await service.close();
  }
}

function report(results) {
  const figure = (name, unit, valueOf) => ({ name, unit, values: results.map(valueOf) });
  const first = figure('step ready → first words of its agent, p50', 'ms', result => result.first.p50);
  const bare = figure('baseline: bare start of Node.js, p50', 'ms', result => result.bare.p50);
  return {
    figures: [
      { ...first, goal: { atMost: 150 } },
      figure('step ready → first words of its agent, p95', 'ms', result => result.first.p95),
      figure('resident memory of a runner, p50', 'MB', result => result.rss),
      figure('of which its own, p50', 'MB', result => result.own),
      bare,
    ],
    ratios: [{ name: 'first words / bare start of Node.js', of: first.name, to: bare.name }],
    checks: [],
  };
}

async function openService(databaseUrl) {
  const home = await mkdtemp(join(tmpdir(), 'runledger-bench-attempt-'));
  await chmod(home, 0o755); // as a data directory below a project's folder is
  const database = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  await migrateEventStore(database);
  const store = createPostgresEventStore({ connectionString: databaseUrl, poolSize: 4 });
  const heard = new Heard(store);
  const homeDir = join(home, 'sandboxes');
  const platform = { store: heard.store, checkpoints: new PostgresCheckpoints(database), catalogue };
  class Service {}
  Module({
    imports: [
      PlatformModule.register({ ...platform, blobs: new FileBlobStore(join(home, 'blobs')) }),
      SandboxModule.register({ config: readSandboxConfig(), database, homeDir }),
    ],
  })(Service);
  const app = await NestFactory.createApplicationContext(Service, { logger: false, abortOnError: false });
  const granted = async () => ({ status: 'accepted', output: { status: 'GRANTED' }, position: undefined });
  for (const command of [ReserveBudget, ReleaseBudget]) app.get(CommandRegistry).answer(command, granted);
  await app.get(COMMAND_CLIENT).send(PublishSandboxProfile, { definition: PROFILE }, context(newUuid()));
  return {
    play: () =>
      heard.follow(
        runId => ready(store, runId),
        () => memoryOf(join(homeDir, 'runners')),
      ),
    close: async () => {
      await app.close();
      await store.close();
      await database.end();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const PROFILE = {
  ...{ slug: 'plain', name: 'Plain', isolation: 'bubblewrap', repositories: [], mounts: [], env: {} },
  ...{ resourceClass: 'small', limits: DEFAULT_LIMITS, network: 'none' },
};

/** Looks over the store's shoulder: when which event of the attempt was stored. */
class Heard {
  #on = () => undefined;

  constructor(store) {
    const append = async (stream, events, expected) => {
      const outcome = await store.append(stream, events, expected);
      for (const { type, data } of events) this.#on(type, data);
      return outcome;
    };
    this.store = new Proxy(store, {
      get: (target, name) => {
        if (name === 'append') return append;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** One attempt from its being ready to its end. */
  async follow(begin, look) {
    const found = {};
    const runId = `run_${newUuid()}`;
    let readyAt;
    const over = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No end after ${PATIENCE_MS} ms.`)), PATIENCE_MS);
      this.#on = (type, data) => {
        if (data.runId !== runId) return;
        if (type === 'AgentText') found.firstMs ??= performance.now() - readyAt;
        if (type === 'ToolCallStarted') found.memory = look();
        if (type !== 'AttemptEnded') return;
        clearTimeout(timer);
        resolve();
      };
    });
    readyAt = await begin(runId);
    await over;
    return found;
  }
}

/** Answers when it was stored. */
async function ready(store, runId) {
  const agent = { provider: 'scripted', model: 'bench', prompt: 'Work.', script: SCRIPT };
  const at = new Date().toISOString();
  const step = {
    runId,
    step: 'work',
    attempt: 1,
    profile: 'plain',
    timeoutMs: 60_000,
    artifacts: [],
    readyAt: at,
    agent,
  };
  const { type, data } = StepReady(step);
  const metadata = { ...context(runId), causationId: runId, schemaVersion: 1 };
  await store.append(
    { tenant: TENANT, name: `run-${runId.slice(4)}` },
    [{ id: newUuid(), type, data, metadata }],
    'any',
  );
  return performance.now();
}

/** Of the runner at work, in MB. */
function memoryOf(directory) {
  for (const name of readdirSync(directory)) {
    const files = readdirSync(join(directory, name));
    if (!files.includes('spec.json') || files.includes('exit.json')) continue;
    const { pid } = JSON.parse(readFileSync(join(directory, name, 'runner.json'), 'utf8'));
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const of = key => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1_024;
    return { Rss: of('Rss'), Private_Dirty: of('Private_Dirty') };
  }
  return { Rss: 0, Private_Dirty: 0 };
}

function context(correlationId) {
  return {
    ...{ commandId: newUuid(), workspaceId: TENANT, actor: { kind: 'system', id: 'bench' } },
    ...{ occurredAt: new Date().toISOString(), correlationId },
  };
}

function bareNode() {
  return timed(() => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    return new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  });
}

/** After a moment in which the service has nothing to do. */
async function quietly(work) {
  await delay(QUIET_MS);
  return work();
}

async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function times(count, work) {
  const results = [];
  for (let n = 0; n < count; n += 1) results.push(await work());
  return results;
}
