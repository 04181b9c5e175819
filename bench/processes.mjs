/**
 * Engines in processes of their own, on one database. A worker says `{ready}`, then answers each `{runs, inFlight}` with the latencies
 * of these runs, and ends when its parent disconnects.
 */
import { fork } from 'node:child_process';
import { percentiles } from './rounds.mjs';

/** One process after the other; `args` of the n-th are what `argsOf(n)` says. */
export async function openProcesses(worker, count, argsOf) {
  const processes = [];
  const close = async () => {
    await Promise.all(processes.map(process => process.close()));
  };
  try {
    for (let index = 0; index < count; index += 1) processes.push(await openProcess(worker, argsOf(index)));
    // What they share is shared out when all of them are there.
    await Promise.all(processes.map(process => process.ask({ settle: count })));
    return {
      runMany: (runs, inFlight) => runTogether(processes, runs, inFlight),
      problems: async () => (await processes[0].ask({ problems: true })).problems,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The runs are split evenly; one at a time is one process at work while the others stand by. */
async function runTogether(processes, runs, inFlight) {
  const atWork = processes.slice(0, inFlight);
  const share = (total, index) => Math.floor((total + index) / atWork.length);
  const started = performance.now();
  const answers = await Promise.all(
    atWork.map((process, index) => process.ask({ runs: share(runs, index), inFlight: share(inFlight, index) })),
  );
  const seconds = (performance.now() - started) / 1_000;
  const sum = key => answers.reduce((total, answer) => total + answer[key], 0);
  const latencies = answers.flatMap(answer => answer.latencies);
  return {
    stepsPerSecond: sum('steps') / seconds,
    cpuMicrosPerStep: sum('cpuMicros') / sum('steps'),
    ...percentiles(latencies),
  };
}

async function openProcess(worker, args) {
  const child = fork(worker, args);
  const answer = () =>
    new Promise((resolve, reject) => {
      const ended = code => reject(new Error(`${worker.pathname} ended with ${code}.`));
      child.once('exit', ended);
      child.once('message', message => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  await answer();
  return {
    ask: question => {
      const result = answer();
      child.send(question);
      return result;
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}

/** The other side: does what it is asked until the parent goes. */
export function serve({ runMany, settle = async () => undefined, problems = async () => '', close }) {
  process.on('message', async question => {
    if (question.settle) await settle(question.settle);
    if (question.runs) process.send(await runMany(question.runs, question.inFlight));
    else process.send({ problems: question.problems ? await problems() : '' });
  });
  process.once('disconnect', () => void close().finally(() => process.exit()));
  process.send({ ready: true });
}

/** Runs `work` so often, so many at once. */
export async function inLanes(runs, inFlight, steps, work) {
  const latencies = [];
  const cpu = process.cpuUsage();
  let next = 0;
  const lane = async () => {
    while (next < runs) {
      next += 1;
      const begun = performance.now();
      await work();
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const { user, system } = process.cpuUsage(cpu);
  return { latencies, steps: runs * steps, cpuMicros: user + system };
}
