import { RunnerDirectory } from './runner-directory.js';
import { RunnerProcess } from './runner-process.js';

/**
 * Makes this process the runner of a directory, and says `ready` once it can be talked to. Until it has begun, it ends with whoever
 * started it, who holds the other end of its standard input; from then on it outlives them.
 */
export async function serveRunner(path: string): Promise<RunnerProcess> {
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
  await runner.listen();
  process.stdout.write('ready\n');
  return runner;
}
