/**
 * What it takes until an agent is heard of. A step's time goes from the moment when its StepReady was stored to the moment when the first
 * words of its agent were; each step is the first of its run, whose sandbox is made for it. The runner's memory is read while its agent
 * waits for a program: the only one of an agent whose model is scripted, the second of one whose model is asked at a vendor, of which there
 * is one on this machine, in this process.
 *
 * Baseline of the same round: this process starts a bare Node.js and waits for its end.
 */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { openService } from './attempt.service.mjs';
import { percentiles } from './rounds.mjs';

const QUIET_MS = 1_000;
const WIRES = {
  scripted: 'a scripted model',
  http: 'a model asked over HTTP',
  https: 'a model asked over TLS',
};

export async function run({ databaseUrl, rounds, quick, log }) {
  const attempts = { scripted: quick ? 5 : 20, http: quick ? 3 : 10, https: quick ? 3 : 10 };
  const service = await openService(databaseUrl);
  try {
    for (let warm = 0; warm < 3; warm += 1) for (const wire of Object.keys(WIRES)) await service.play(wire);
    const results = [];
    for (let round = 0; round < rounds; round += 1) {
      const bare = percentiles(await times(attempts.scripted, bareNode));
      const played = {};
      for (const wire of Object.keys(WIRES)) {
        played[wire] = await summedUp(attempts[wire], () => quietly(() => service.play(wire)));
        const { first, rss } = played[wire];
        log(
          `attempt: round ${round + 1}, ${WIRES[wire]}: first words after p50 ${first.p50.toFixed(0)} ms, RSS ${rss.toFixed(1)} MB`,
        );
      }
      results.push({ bare, ...played });
    }
    return report(results);
  } finally {
    await service.close();
  }
}

async function summedUp(count, play) {
  const played = await times(count, play);
  const memory = key => percentiles(played.map(({ memory: found }) => found[key])).p50;
  const first = percentiles(played.map(({ firstMs }) => firstMs));
  return { first, rss: memory('Rss'), own: memory('Private_Dirty') };
}

function report(results) {
  const figure = (name, unit, valueOf) => ({ name, unit, values: results.map(valueOf) });
  const first = figure('step ready → first words of its agent, p50', 'ms', ({ scripted }) => scripted.first.p50);
  const bare = figure('baseline: bare start of Node.js, p50', 'ms', result => result.bare.p50);
  const asked = Object.entries(WIRES).flatMap(([wire, of]) => [
    figure(`${of}: first words, p50`, 'ms', result => result[wire].first.p50),
    { ...figure(`${of}: resident memory of its runner, p50`, 'MB', result => result[wire].rss), goal: { atMost: 60 } },
    figure(`${of}: of which its own, p50`, 'MB', result => result[wire].own),
  ]);
  return {
    figures: [
      { ...first, goal: { atMost: 150 } },
      figure('step ready → first words of its agent, p95', 'ms', ({ scripted }) => scripted.first.p95),
      ...asked.slice(1),
      bare,
    ],
    ratios: [{ name: 'first words / bare start of Node.js', of: first.name, to: bare.name }],
    checks: [],
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
