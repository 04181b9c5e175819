/** Big runs, written straight into the log as the services that own the streams would; and the gateway that shows them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AgentText,
  AttemptEnded,
  AttemptStarted,
  catalogue,
  FlowVersionPublished,
  RunStarted,
  StepCompleted,
  StepReady,
  ToolCallEnded,
  ToolCallStarted,
  ToolOutput,
} from '@runledger/contracts';
import { createPostgresEventStore, migrateEventStore, newUuid, PostgresCheckpoints } from '@runledger/event-store';
import { AccessDesk, gatewayAdapter, GatewayModule, ReadModels } from '@runledger/gateway';
import { attemptId } from '@runledger/kernel';
import { EVENT_STORE, FileBlobStore, PlatformModule, systemClock } from '@runledger/platform';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';

const AT = '2026-05-01T10:00:00.000Z';
const ACTOR = { kind: 'system', id: 'bench' };
const CHUNK = 1_000;

/** A gateway on its own, with one member's token. */
export async function openGateway(databaseUrl) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  pool.on('error', () => undefined); // said by the statement that fails
  await migrateEventStore(pool);
  const store = createPostgresEventStore({ connectionString: databaseUrl });
  const folder = await mkdtemp(join(tmpdir(), 'runledger-bench-blobs-'));
  const parts = { store, checkpoints: new PostgresCheckpoints(pool), blobs: new FileBlobStore(folder), catalogue };
  const platform = PlatformModule.register({ ...parts, clock: systemClock });
  const gateway = GatewayModule.register({ databaseUrl, pepper: Buffer.alloc(32, 1), owner: 'bench' });
  class Gateway {}
  const root = { module: Gateway, imports: [platform, gateway] };
  const app = await NestFactory.create(root, gatewayAdapter(), { logger: ['fatal'], abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const { token, workspaceId } = await app.get(AccessDesk).bootstrapWorkspace({ freshToken: true });
  return {
    store: app.get(EVENT_STORE), // takes events of any size
    pool,
    workspaceId,
    ask: asking(app, token),
    caughtUp: position => caughtUp(app.get(ReadModels), position),
    close: async () => {
      await app.close();
      await store.close();
      await pool.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Answers a query's data; refuses errors. */
export function asking(app, token) {
  const url = `http://127.0.0.1:${app.getHttpServer().address().port}/graphql`;
  return async (query, variables) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
}

/** However long that takes: one wait of the read models is short. */
async function caughtUp(readModels, position) {
  for (;;) {
    try {
      return await readModels.reach(position);
    } catch (error) {
      if (error.code !== 'READ_MODEL_BEHIND' && error.extensions?.code !== 'READ_MODEL_BEHIND') throw error;
    }
  }
}

/** The flow that the runs are of. */
export function writeFlow(gateway) {
  const { flowId, flowSlug: slug, flowName: name, flowHash: hash, startedBy, startedAt } = startedData('', []);
  const defaults = { profile: 'plain', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' };
  const requires = { credentials: [], environments: [], integrations: [] };
  const steps = [{ ...stepOf(0), command: { run: 'true' } }];
  const definition = { slug, name, parameters: {}, defaults, requires, retention: { artifactsDays: 30 }, steps };
  const source = { source: 'slug: big', sourceFormat: 'yaml' };
  const published = {
    flowId,
    slug,
    version: 1,
    hash,
    definition,
    ...source,
    publishedBy: startedBy,
    publishedAt: startedAt,
  };
  return writing(gateway, flowId)(`flow-${flowId.slice(5)}`, [FlowVersionPublished(published)]);
}

/** A run of so many steps, all of them done but the last; answers where the log is then. */
export async function writeManySteps(gateway, runId, count) {
  const write = writing(gateway, runId);
  await write(`run-${runId.slice(4)}`, [started(runId, stepsOf(count))]);
  let position;
  for (let first = 0; first < count; first += CHUNK / 4) {
    const keys = Array.from({ length: Math.min(CHUNK / 4, count - first) }, (_, n) => `s${first + n}`);
    const facts = keys.flatMap(key => stepFacts(runId, key, key === `s${count - 1}`));
    position = await write(`facts-${newUuid()}`, facts);
  }
  return position;
}

/** Steps that need each other in turn and run a program. */
export const chainOf = count =>
  Array.from({ length: count }, (_, n) => ({
    ...stepOf(n),
    command: { run: 'x' },
    needs: n === 0 ? [] : [`s${n - 1}`],
  }));

function stepOf(n) {
  return { key: `s${n}`, name: 'S', needs: [], onFailure: { then: 'FAIL' }, timeoutMs: 9_000, artifacts: [] };
}

const stepsOf = count => Array.from({ length: count }, (_, n) => stepOf(n));

function stepFacts(runId, key, isLast) {
  const place = { attemptId: attemptId(runId, key, 1), runId, step: key, attempt: 1 };
  const ready = { runId, step: key, attempt: 1, profile: 'plain', command: { run: 'true' }, artifacts: [] };
  const worker = { kind: 'command', profile: 'plain', profileVersion: 1, driver: 'bench', worker: 'bench' };
  const begun = [
    StepReady({ ...ready, timeoutMs: 60_000, readyAt: AT }),
    AttemptStarted({ ...place, ...worker, startedAt: AT }),
  ];
  if (isLast) return begun;
  const done = { outcome: 'SUCCESS', summary: `${key} is done.` };
  return [
    ...begun,
    AttemptEnded({ ...place, ...done, cancelled: false, turns: 0, elapsedMs: 12, endedAt: AT }),
    StepCompleted({ runId, step: key, attempt: 1, ...done, completedAt: AT }),
  ];
}

const CALL = 10;

/** A run whose one step has made so many events of a transcript; answers where the log is then. */
export async function writeManyEvents(gateway, runId, count) {
  const write = writing(gateway, runId);
  await write(`run-${runId.slice(4)}`, [started(runId, stepsOf(1)), ...stepFacts(runId, 's0', true)]);
  let position;
  for (let first = 0; first < count; first += CHUNK) {
    const calls = Array.from({ length: CHUNK / CALL }, (_, n) => callFacts(runId, first / CALL + n));
    position = await write(`facts-${newUuid()}`, calls.flat().slice(0, count - first));
  }
  return position;
}

/** Ten events: what an agent says, and a call with its output. */
function callFacts(runId, number) {
  const place = { attemptId: attemptId(runId, 's0', 1), runId, step: 's0', attempt: 1 };
  const call = { ...place, callId: `call-${number}` };
  const output = Array.from({ length: CALL - 3 }, (_, line) =>
    ToolOutput({ ...call, channel: 'stdout', text: `line ${line} of call ${number}\n`, at: AT }),
  );
  return [
    AgentText({ ...place, entryId: `text-${number}`, text: 'Next I look at the files.', at: AT }),
    ToolCallStarted({ ...call, tool: 'bash', arguments: { command: 'ls' }, at: AT }),
    ...output,
    ToolCallEnded({ ...call, tool: 'bash', state: 'ok', output: 'some files', exitCode: 0, durationMs: 4, at: AT }),
  ];
}

export function startedData(runId, steps) {
  return {
    ...{ runId, flowId: 'flow_big', flowSlug: 'big', flowName: 'Big', flowVersion: 1, flowHash: 'a'.repeat(64), steps },
    ...{ parameters: {}, startedBy: { kind: 'member', id: 'mem_owner', name: 'Owner' }, trigger: { kind: 'manual' } },
    choices: { profile: 'plain', execution: 'INTERACTIVE', checkpointMode: 'TEMPLATE' },
    ...{ requestHash: 'b'.repeat(64), startedAt: AT },
  };
}

function started(runId, steps) {
  return RunStarted(startedData(runId, steps));
}

function writing({ store, workspaceId }, runId) {
  return async (name, events) => {
    const metadata = { correlationId: runId, causationId: 'bench', actor: ACTOR, workspaceId, occurredAt: AT };
    const told = events.map(({ type, data }) => {
      const schemaVersion = catalogue.find(type).version;
      return { id: newUuid(), type, data, metadata: { ...metadata, schemaVersion } };
    });
    const outcome = await store.append({ tenant: workspaceId, name }, told, 'any');
    if (outcome.status !== 'appended') throw new Error(`The facts were not stored: ${outcome.status}.`);
    return outcome.position;
  };
}
