/** Many runs that wait at gates, in the whole platform as `npm start` runs it: what they take, and how long a decision does. */
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { DEFAULT_LIMITS, PublishFlow, PublishSandboxProfile, StartRun } from '@runledger/contracts';
import { newUuid } from '@runledger/event-store';
import { AccessDesk, gatewayAdapter } from '@runledger/gateway';
import { gateId } from '@runledger/kernel';
import { COMMAND_CLIENT, createLog, silentTelemetry } from '@runledger/platform';
import { readStandaloneConfig } from '../apps/standalone/dist/standalone.config.js';
import { StandaloneModule } from '../apps/standalone/dist/standalone.module.js';
import { openStorage } from '../apps/standalone/dist/storage.js';
import { asking } from './big-log.mjs';
import { percentiles } from './rounds.mjs';

const PATIENCE_MS = 120_000;
const GATED = `slug: gated
defaults: { profile: plain }
steps:
  - { key: deploy, run: 'true', gates: { before: { message: 'Go on?' } } }
`;
const PROFILE = {
  ...{ slug: 'plain', name: 'Plain', isolation: 'bubblewrap', repositories: [], mounts: [], env: {} },
  ...{ resourceClass: 'small', limits: DEFAULT_LIMITS, network: 'none' },
};
const DECIDE = `mutation ($input: DecisionInput!) {
  decide(input: $input) { __typename ... on Refusal { code message } }
}`;

/** `more`: what of each there is with all runs waiting over what there was before, idle both times. */
export async function measureWaiting(databaseUrl, { waiting: count, decided, log }) {
  const platform = await openPlatform(databaseUrl);
  try {
    await platform.decideAll([await platform.start()]); // the code is warm, and the sandbox has proved its isolation
    const before = await atRest();
    const runs = [];
    for (let n = 0; n < count; n += 1) runs.push(await platform.start());
    await Promise.all(runs.map(runId => platform.told('ApprovalRequested', runId)));
    const after = await atRest();
    const more = Object.fromEntries(Object.entries(after).map(([kind, there]) => [kind, there - before[kind]]));
    log(`big: ${count} runs wait: ${JSON.stringify({ before, after })}`);
    const { ready, stored, bare } = await platform.decideAll(runs.slice(0, decided));
    const [all, part] = [percentiles(ready), percentiles(stored)];
    log(`big: decided, p50 ${all.p50.toFixed(1)}, p99 ${all.p99.toFixed(1)} ms; stored, p50 ${part.p50.toFixed(1)} ms`);
    return { more, ...percentiles(ready), stored: percentiles(stored), bare: percentiles(bare) };
  } finally {
    await platform.close();
  }
}

/** Of this process: the database is another one, whose backends belong to its pool. */
async function inventory() {
  const threads = await readdir('/proc/self/task');
  const children = await Promise.all(
    threads.map(id => readFile(`/proc/self/task/${id}/children`, 'utf8').catch(() => '')),
  );
  const processes = children.flatMap(text => text.split(' ').filter(Boolean)).length;
  const timers = process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
  return { processes, threads: threads.length, timers };
}

/** The least of each over a while: requests and polls that come and go are nobody's wait. */
async function atRest() {
  let least;
  for (let look = 0; look < 40; look += 1) {
    await new Promise(resolve => setTimeout(resolve, 150));
    const now = await inventory();
    least = Object.fromEntries(
      Object.entries(now).map(([kind, there]) => [kind, Math.min(there, least?.[kind] ?? there)]),
    );
  }
  return least;
}

async function openPlatform(databaseUrl) {
  const home = await mkdtemp(join(tmpdir(), 'runledger-bench-home-'));
  await chmod(home, 0o755); // as a data directory below a project's folder is
  const config = { ...readStandaloneConfig({}), databaseUrl, home, port: 0, sample: false };
  const log = createLog({ level: 'warn', service: 'bench' });
  const storage = await openStorage(config, log);
  const news = new News();
  const module = StandaloneModule.register({
    config,
    storage: { ...storage, store: news.listeningTo(storage.store) },
    log,
    telemetry: silentTelemetry(),
    pepper: Buffer.alloc(32, 1),
    signing: { signingSeed: Buffer.alloc(32, 2), previousSeed: undefined },
  });
  const app = await NestFactory.create(module, gatewayAdapter(), { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const { token, workspaceId } = await app.get(AccessDesk).bootstrapWorkspace({ freshToken: true });
  const ask = asking(app, token);
  const send = (command, input) => sending(app.get(COMMAND_CLIENT), workspaceId, command, input);
  await send(PublishSandboxProfile, { definition: PROFILE });
  await send(PublishFlow, { source: GATED });
  const request = { flow: 'gated', parameters: {}, choices: {}, trigger: { kind: 'manual' } };
  return {
    start: async () => (await send(StartRun, request)).runId,
    told: (type, runId) => news.of(type, runId),
    decideAll: runs => decideAll({ ask, news }, runs),
    close: async () => {
      await app.close();
      await storage.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** One after the other; each run ends before the next is decided, so that only the decision is measured. */
async function decideAll({ ask, news }, runs) {
  const [ready, stored, bare] = [[], [], []];
  for (const runId of runs) {
    await news.of('ApprovalRequested', runId);
    const input = { requestId: gateId(runId, 'deploy', 'before', 1), decision: 'APPROVE' };
    const before = performance.now();
    await ask('{ __typename }');
    bare.push(performance.now() - before);
    const began = performance.now();
    const { decide } = await ask(DECIDE, { input });
    if (decide.code !== undefined) throw new Error(`${decide.code}: ${decide.message}`);
    stored.push((await news.of('ApprovalDecided', runId)) - began);
    ready.push((await news.of('StepReady', runId)) - began);
    await news.of('RunCompleted', runId);
  }
  return { ready, stored, bare };
}

async function sending(commands, workspaceId, command, input) {
  const commandId = newUuid();
  const actor = { kind: 'member', id: 'mem_owner' };
  const context = { commandId, workspaceId, actor, occurredAt: new Date().toISOString(), correlationId: commandId };
  const outcome = await commands.send(command, input, context);
  if (outcome.status === 'refused') throw new Error(JSON.stringify(outcome.refusal));
  return outcome.output;
}

/** Looks over the store's shoulder: when which event was stored. */
class News {
  #heard = new Map();
  #waiting = new Map();

  listeningTo(store) {
    const append = async (stream, events, expected) => {
      const outcome = await store.append(stream, events, expected);
      for (const { type, data } of events) this.#hear(`${type} ${data.runId}`);
      return outcome;
    };
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'append') return append;
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** When it was stored, however long ago. */
  of(type, runId) {
    const key = `${type} ${runId}`;
    const heard = this.#heard.get(key);
    if (heard !== undefined) return Promise.resolve(heard);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No ${key} after ${PATIENCE_MS} ms.`)), PATIENCE_MS);
      this.#waiting.set(key, at => {
        clearTimeout(timer);
        resolve(at);
      });
    });
  }

  #hear(key) {
    const at = performance.now();
    if (!this.#heard.has(key)) this.#heard.set(key, at);
    this.#waiting.get(key)?.(at);
    this.#waiting.delete(key);
  }
}
