import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphqlClient } from './demo/graphql-client.js';
import { approve, startSample } from './demo/play-sample.js';
import { reportRun } from './demo/run-report.js';
import type { RunReport } from './demo/run-report.js';
import { lineOf, summaryOf } from './demo/timeline-lines.js';
import { watchRun } from './demo/watch-run.js';
import { readCommandLine } from './command-line.js';
import { endOnSignal } from './end-on-signal.js';
import { lastWords } from './last-words.js';
import { startPlatform } from './platform.js';
import type { Platform } from './platform.js';
import { readStandaloneConfig } from './standalone.config.js';

const HELP = `npm run demo -- [--json]

Plays the sample on a platform of its own, on a free port and in a fresh data directory, and leaves nothing behind.

  --json    one JSON document about the run, instead of its events as they happen`;

/**
 * `npm run demo [-- --json]`: a platform of its own on a free port and a fresh data directory, one run of the sample played
 * through the API as a front end would, and nothing left afterwards. Undefined when it was interrupted.
 */
async function demo(json: boolean): Promise<RunReport | undefined> {
  const startedAt = performance.now();
  let making: Promise<string> | undefined;
  let starting: Promise<Platform> | undefined;
  const end = async () => {
    const home = await making;
    const platform = await starting?.catch(() => undefined); // one that did not start has ended by itself
    await platform?.stop();
    if (home !== undefined) await rm(home, { recursive: true, force: true });
  };
  const ending = endOnSignal(end, { exitCode: 130 }); // before there is anything to be left behind
  const giveUp = (error: unknown) => {
    fail(error);
    void end().finally(() => process.exit(1));
  };
  try {
    making = mkdtemp(join(tmpdir(), 'runledger-demo-'));
    const home = await making;
    if (ending.aborted) return undefined;
    const config = { ...readStandaloneConfig(), home, host: '127.0.0.1', port: 0, sample: true };
    starting = startPlatform(config, { sampleRun: false, onLost: giveUp });
    const platform = await starting;
    const startedMs = Math.round(performance.now() - startedAt);
    const report = await play(platform, json ? () => undefined : print);
    if (json) print(JSON.stringify({ ...report, startedMs }, undefined, 2));
    else print(`\n${summaryOf(report)}\nThe platform was ready after ${startedMs} ms.`);
    return report;
  } catch (error) {
    if (ending.aborted) return undefined;
    throw error;
  } finally {
    await end();
  }
}

async function play({ url, token }: Platform, tell: (line: string) => void): Promise<RunReport> {
  const client = new GraphqlClient(`${url}/graphql`, token);
  const runId = await startSample(client);
  let position: string | undefined;
  for await (const event of watchRun(`${url}/graphql`, token, runId)) {
    const line = lineOf(event);
    if (line !== undefined) tell(line);
    if (event.type === 'ApprovalRequested') await approve(client, runId);
    position = event.cursor;
  }
  return reportRun(client, runId, position);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(error: unknown): void {
  process.stderr.write(`${lastWords(error)}\n`);
}

const { values } = readCommandLine(HELP, { options: { json: { type: 'boolean', default: false } } });
try {
  const report = await demo(values.json);
  if (report !== undefined) process.exit(report.status === 'COMPLETED' ? 0 : 1);
} catch (error) {
  fail(error);
  process.exit(1);
}
