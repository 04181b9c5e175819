import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** What is done to a process, and how often in relation to the others. */
const MEANS = [
  { name: 'kill -9', weight: 4 },
  { name: 'SIGTERM', weight: 3 },
  { name: 'SIGSTOP', weight: 2 },
];
/** Some stops are shorter than a lease, some are longer. */
const STOPPED_MS = [500, 9_000];
const PAUSE_MS = [700, 3_000];

/** Every living process of the cluster: `{ service, pid }`, as the operating system shows them. */
export function processesOf(supervisor) {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .flatMap(pid => {
      const service = serviceOf(pid, supervisor);
      return service ? [{ service, pid }] : [];
    });
}

function serviceOf(pid, supervisor) {
  try {
    const [, state, parent] = /\) (\w) (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    if (Number(parent) !== supervisor || state === 'Z') return undefined;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const at = words.findIndex(word => word.endsWith('service.js'));
    return at < 0 ? undefined : words[at + 1];
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined; // ended while we looked
    throw error;
  }
}

/** Something bad, now and then, to a process that is chosen at random, until `signal` aborts. */
export class Disasters {
  /** What was done: `service: means` → how often. */
  done = new Map();
  /** Each of them: what was done to which service and process, and when, in ms since the epoch. */
  struck = [];
  #stopped = new Set();
  #restarting = new Map();

  constructor(random, { supervisor, restarts }) {
    this.random = random;
    this.supervisor = supervisor;
    /** Name → function that kills and restarts something that is no process of ours. */
    this.restarts = Object.entries(restarts);
  }

  async go(signal) {
    while (!signal.aborted) {
      await delay(this.random.between(...PAUSE_MS), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) this.#strike();
    }
    for (const wake of [...this.#stopped]) wake();
    await Promise.all(this.#restarting.values());
  }

  /** Meanwhile other things go wrong; the same one is left alone until it is back. */
  #restart(name, restart) {
    if (this.#restarting.has(name)) return;
    this.#note(name, 'kill -9');
    this.#restarting.set(
      name,
      restart().finally(() => this.#restarting.delete(name)),
    );
  }

  #strike() {
    if (this.random.next() < 0.08 && this.restarts.length > 0) {
      const [name, restart] = this.random.oneOf(this.restarts);
      this.#restart(name, restart);
      return;
    }
    // By service first: one that has few processes is struck as often as one that has many.
    const processes = processesOf(this.supervisor);
    const services = [...new Set(processes.map(({ service }) => service))].sort();
    if (services.length === 0) return;
    const service = this.random.oneOf(services);
    const { pid } = this.random.oneOf(processes.filter(process => process.service === service));
    const means = this.random.oneOf(MEANS.flatMap(each => Array(each.weight).fill(each.name)));
    this.#note(service, means, pid);
    if (means === 'SIGSTOP') this.#stop(pid);
    else send(pid, means === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL');
  }

  #stop(pid) {
    send(pid, 'SIGSTOP');
    const wake = () => {
      clearTimeout(timer);
      this.#stopped.delete(wake);
      send(pid, 'SIGCONT');
    };
    const timer = setTimeout(wake, this.random.between(...STOPPED_MS));
    this.#stopped.add(wake);
  }

  #note(what, means, pid) {
    const key = `${means} ${what}`;
    this.done.set(key, (this.done.get(key) ?? 0) + 1);
    this.struck.push({ what: key, pid, at: Date.now() });
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // it was faster
  }
}
