/**
 * The service under `attempt.mjs`: the sandbox service in this process, as it is wired for real, with PostgreSQL, sandboxes and runners,
 * and vendors of models on this machine, which speak what Anthropic documents over HTTP and over TLS.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  catalogue,
  ConnectIntegration,
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
import { ModelVendor } from '@runledger/testing';
import pg from 'pg';
import { overheard } from './overheard-store.mjs';

const TENANT = 'ws_bench';
const PATIENCE_MS = 60_000;
const COMMAND = { command: 'sleep 0.3' };
const SCRIPT = [{ text: 'Here.', tools: [{ name: 'bash', arguments: COMMAND }] }, { text: 'Done.' }];
const ANSWERS = [
  { text: 'Here.', tools: [{ id: 'call_1', name: 'bash', input: COMMAND }] },
  { text: 'Here.', tools: [{ id: 'call_2', name: 'bash', input: COMMAND }] },
  { text: 'Done.' },
];

/** By the name of the wire: one turn with a program that is known before, or two that are asked for, each at a vendor. */
const AGENTS = {
  scripted: { provider: 'scripted', model: 'bench', prompt: 'Work.', script: SCRIPT },
  http: { provider: 'anthropic', connection: 'http', model: 'bench', prompt: 'Work.' },
  https: { provider: 'anthropic', connection: 'https', model: 'bench', prompt: 'Work.' },
};

const PROFILE = {
  ...{ slug: 'plain', name: 'Plain', isolation: 'bubblewrap', repositories: [], mounts: [], env: {} },
  ...{ resourceClass: 'small', limits: DEFAULT_LIMITS, network: 'none' },
};

export async function openService(databaseUrl) {
  const home = await mkdtemp(join(tmpdir(), 'runledger-bench-attempt-'));
  await chmod(home, 0o755); // as a data directory below a project's folder is
  const vendors = await startVendors(home);
  const database = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  await migrateEventStore(database);
  const store = createPostgresEventStore({ connectionString: databaseUrl, poolSize: 4 });
  const heard = new Heard(store);
  const homeDir = join(home, 'sandboxes');
  const platform = { store: heard.store, checkpoints: new PostgresCheckpoints(database), catalogue };
  const config = readSandboxConfig({
    ...process.env,
    NODE_EXTRA_CA_CERTS: vendors.certificate,
    RUNLEDGER_VAULT_KEY: randomBytes(32).toString('hex'),
  });
  class Service {}
  Module({
    imports: [
      PlatformModule.register({ ...platform, blobs: new FileBlobStore(join(home, 'blobs')) }),
      SandboxModule.register({ config, database, homeDir }),
    ],
  })(Service);
  const app = await NestFactory.createApplicationContext(Service, { logger: false, abortOnError: false });
  const granted = async () => ({ status: 'accepted', output: { status: 'GRANTED' }, position: undefined });
  for (const command of [ReserveBudget, ReleaseBudget]) app.get(CommandRegistry).answer(command, granted);
  const send = (command, input) => app.get(COMMAND_CLIENT).send(command, input, context(newUuid()));
  await send(PublishSandboxProfile, { definition: PROFILE });
  for (const [name, baseUrl] of Object.entries(vendors.urls)) {
    await send(ConnectIntegration, { name, kind: 'anthropic', fields: { apiKey: 'none', baseUrl } });
  }
  return {
    wires: ['scripted', ...Object.keys(vendors.urls)],
    play: wire => {
      vendors.rewind();
      return heard.follow(
        runId => ready(store, runId, AGENTS[wire]),
        () => memoryOf(join(homeDir, 'runners')),
      );
    },
    close: async () => {
      await app.close();
      await store.close();
      await database.end();
      await vendors.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** One that speaks plainly, and one over TLS. */
async function startVendors(home) {
  const certificate = join(home, 'vendor.pem');
  const plain = await ModelVendor.start();
  const encrypted = await ModelVendor.start({ tls: certified(certificate, join(home, 'vendor.key')) });
  const all = [plain, encrypted];
  return {
    certificate,
    urls: { http: plain.url, https: encrypted.url },
    rewind: () => all.forEach(vendor => vendor.answers('bench', ...ANSWERS)),
    close: () => Promise.all(all.map(vendor => vendor.close())),
  };
}

/** Of a vendor on this machine, for a day. */
function certified(certificate, key) {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const made = ['-keyout', key, '-out', certificate, '-days', '1', ...subject];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made], { stdio: 'pipe' });
  return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** Looks over the store's shoulder: when which event of the attempt was stored. */
class Heard {
  #on = () => undefined;

  constructor(store) {
    this.store = overheard(store, events => {
      for (const { type, data } of events) this.#on(type, data);
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
async function ready(store, runId, agent) {
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
