/**
 * npm run chaos -- [--minutes N] [--seed S] [--store postgres|eventstoredb] [--distribution store-direct|kafka] [--every MS]
 *
 * A cluster under a steady load of runs while every kind of process is killed, ended and stopped at random, PostgreSQL and
 * Kafka included. Then it lets everything come to rest, and holds what happened against the model of each run, the work
 * counted outside, and what subscribers saw. Exit code 0: nothing was lost and nothing happened twice.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine, numbersOf, oneOf } from '../scripts/command-line.mjs';
import { Api } from './api.mjs';
import { Disasters } from './disasters.mjs';
import { Load, publish } from './load.mjs';
import { randomFrom } from './random.mjs';
import { report } from './report.mjs';
import { Subscribers } from './subscribers.mjs';
import { judge } from './verdict.mjs';
import { openWorld } from './world.mjs';

/** How long a client keeps asking, and how long all runs together may take to end once the disasters are over. */
const PATIENCE_MS = 90_000;

const { values } = commandLine(import.meta.url, {
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    store: { type: 'string', default: 'postgres' },
    distribution: { type: 'string', default: 'kafka' },
    every: { type: 'string', default: '500' },
  },
});

oneOf(import.meta.url, 'store', values.store, ['postgres', 'eventstoredb']);
oneOf(import.meta.url, 'distribution', values.distribution, ['store-direct', 'kafka']);
numbersOf(import.meta.url, values, ['minutes', 'seed', 'every']);

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interrupted.abort());

process.exitCode = await main();

async function main() {
  const world = await openWorld(values, text => console.error(text));
  try {
    return await wreak(world);
  } finally {
    await world.close();
  }
}

async function wreak(world) {
  const api = new Api(world.urls, world.token, PATIENCE_MS);
  await publish(api, world.folder);
  const subscribers = new Subscribers(api);
  const seed = Number(values.seed);
  const onStarted = run => subscribers.follow(run.id);
  const load = new Load(api, randomFrom(seed), { everyMs: Number(values.every), onStarted });
  const disasters = new Disasters(randomFrom(seed + 1), world);
  const begun = Date.now();
  const storm = new AbortController();
  const calm = AbortSignal.any([storm.signal, interrupted.signal]);
  const raging = Promise.all([load.go(calm), disasters.go(calm)]);
  await delay(Number(values.minutes) * 60_000, undefined, { signal: interrupted.signal }).catch(() => undefined);
  storm.abort();
  await raging;
  console.error(
    `${load.runs.length} runs were started, ${disasters.struck.length} disasters struck; now all must end …`,
  );
  await load.done();
  await subscribers.done(PATIENCE_MS);
  const verdict = await judge({ api, load, subscribers, disasters, world });
  const projections = await world.verify();
  return report({ values, begun, load, disasters, subscribers, api, verdict, projections });
}
