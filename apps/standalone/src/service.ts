import { endOnSignal } from './end-on-signal.js';
import { lastWords } from './last-words.js';
import { deployedService, readServiceConfig } from './services/service.config.js';
import { UnknownServiceError } from './services/service-errors.js';
import { startService } from './services/service-process.js';

/** Whoever asked for the end waits no longer than this; what is left then is found at the next start (R2). */
const END_WITHIN_MS = 25_000;

/**
 * `node service.js <service>`: one service in a process of its own, until a signal, or until whoever started it is gone. SIGTERM says that
 * it will be started again, SIGINT and SIGHUP that all is over.
 */
async function main(): Promise<void> {
  const name = process.argv[2];
  const service = deployedService(name);
  if (service === undefined) throw new UnknownServiceError(name);
  const starting = startService(readServiceConfig(service));
  const stop = (signal: NodeJS.Signals) => {
    setTimeout(() => {
      fail(`The ${service} service did not end within ${END_WITHIN_MS / 1_000} s.`);
      process.exit(1);
    }, END_WITHIN_MS).unref();
    return starting.then(running => running.stop(signal));
  };
  endOnSignal(stop, { exitCode: 0 });
  process.stderr.on('error', () => undefined); // whoever read our words is gone; there is nobody left to tell, and work to finish
  // The channel to a supervisor: it breaks however that one ends, so nothing of a cluster outlives it.
  const endWithSupervisor = () => process.kill(process.pid, 'SIGHUP');
  process.once('disconnect', endWithSupervisor);
  if (process.send && !process.connected) endWithSupervisor(); // it broke before we listened
  await starting;
}

function fail(text: string): void {
  process.stderr.write(`${text}\n`);
}

try {
  await main();
} catch (error) {
  fail(lastWords(error));
  process.exit(1);
}
