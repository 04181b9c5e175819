import { Fault } from '@runledger/kernel';
import { createLog } from '@runledger/platform';
import { letterLine, withDesk } from './service-desk.js';
import type { ServiceDesk } from './service-desk.js';
import type { Service } from './define-service.js';
import { besidePlatform, readServiceConfig } from './service.config.js';
import { startService } from './start-service.js';
import type { RunningService } from './start-service.js';

export interface RunOptions {
  /**
   * What the service does beside its consumers, such as sending what is due. It ends when the signal aborts; a throw ends the service
   * with exit code 1.
   */
  work?(this: void, service: RunningService, signal: AbortSignal): Promise<void>;
  /** Default: the arguments of the process. */
  readonly args?: readonly string[];
}

const helpOf = (name: string) => `${name}                                   runs until SIGTERM or Ctrl-C
${name} letters                           lists the events that could not be handled, oldest first
${name} retry <id> | all                  tries them again
${name} discard <id> <reason>             gives one up for good; what waits behind it goes on
${name} replay <consumer> <position>      handles every event behind the position again; 0: all of them`;

/** The whole program of a service: runs it, or does for an operator what the arguments say. Sets the exit code. */
export async function runService(
  service: Service,
  { work, args = process.argv.slice(2) }: RunOptions = {},
): Promise<void> {
  try {
    const [verb] = args;
    if (verb === '--help' || verb === '-h') return say(helpOf(service.name));
    if (verb === undefined || verb.startsWith('-')) return await runUntilSignal(service, work);
    if (!(await command(service, args))) {
      say(helpOf(service.name));
      process.exitCode = 2;
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Fault ? error.message : String((error as Error).stack ?? error)}\n`);
    process.exitCode = 1;
  }
}

async function runUntilSignal(service: Service, work: RunOptions['work']): Promise<void> {
  const ending = new AbortController();
  const end = () => ending.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  const config = readServiceConfig(await besidePlatform());
  const log = createLog({ level: config.logLevel, service: service.name });
  const running = await startService(service, config, { log });
  log.info({ events: running.place, operations: running.operationsUrl }, `${service.name} has started`);
  try {
    const asked = new Promise<void>(resolve => {
      ending.signal.addEventListener('abort', () => resolve());
      if (ending.signal.aborted) resolve();
    });
    await Promise.race([asked, ...(work ? [work(running, ending.signal).then(() => asked)] : [])]);
  } finally {
    ending.abort();
    await running.stop();
    log.info({}, `${service.name} has stopped`);
  }
}

/** False: this is no command. */
async function command(service: Service, [verb, first, second]: readonly string[]): Promise<boolean> {
  const work = workOf(verb, first, second);
  if (!work) return false;
  await withDesk(service, readServiceConfig(await besidePlatform()), work);
  return true;
}

function workOf(verb?: string, first?: string, second?: string): ((desk: ServiceDesk) => Promise<void>) | undefined {
  const by = 'operator';
  if (verb === 'letters') return listLetters;
  if (verb === 'retry' && first === 'all')
    return async ({ letters }) => say(`${await letters.retryAll(by)} letters are tried again`);
  if (verb === 'retry' && first !== undefined)
    return async ({ letters }) => answer(await letters.retry(first, by), `${first} is tried again`);
  if (verb === 'discard' && first !== undefined && second !== undefined)
    return async ({ letters }) => answer(await letters.discard(first, { by, reason: second }), `${first} is discarded`);
  if (verb === 'replay' && first !== undefined && /^\d{1,18}$/.test(second ?? ''))
    return async desk => {
      await desk.replay(first, BigInt(second ?? ''));
      say(`${first} handles every event behind ${second} again`);
    };
  return undefined;
}

async function listLetters({ letters }: ServiceDesk): Promise<void> {
  const found = await letters.list();
  for (const letter of found) say(letterLine(letter));
  if (found.length === 0) say('There are no dead letters.');
}

function answer(isDone: boolean, line: string): void {
  say(isDone ? line : 'There is no such letter of this service; `letters` lists those that there are.');
  if (!isDone) process.exitCode = 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
