import { setTimeout as delay } from 'node:timers/promises';
import { RunnerDirectory } from './runner-directory.js';
import { RunnerProcess } from './runner-process.js';

/**
 * `node runner/main.js <directory>`: a process that holds the loop of one attempt. Says `ready` once it can be talked to. Until it
 * has begun, it ends with whoever started it, who holds the other end of its standard input; from then on it outlives them.
 */
async function main(path: string): Promise<void> {
  process.chdir(path);
  const runner = new RunnerProcess(new RunnerDirectory(path), code => process.exit(code));
  process.on('uncaughtException', error => {
    console.error(error);
    runner.fail(error);
  });
  const endUnused = () => {
    if (!runner.begun) process.exit(0);
  };
  process.stdin.on('end', endUnused).on('close', endUnused);
  process.stdin.on('error', () => undefined); // `close` follows
  process.stdin.resume();
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined); // the terminal's are not meant for it
  await import('./attempt-runner.js'); // so that beginning takes no time
  await runner.listen();
  process.stdout.write('ready\n');
  await delay(REHEARSE_AFTER_MS);
  if (!runner.begun) await rehearse();
}

/** One that nobody had ready is told to begin before. */
const REHEARSE_AFTER_MS = 50;

/** What goes wrong here goes wrong again where somebody hears of it. */
async function rehearse(): Promise<void> {
  const { rehearseAgent } = await import('./rehearsal.js');
  await rehearseAgent().catch((error: unknown) => console.error(error));
}

await main(process.argv[2] ?? '.');
