import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
/** Of a cluster on a machine that has much else to do; a few seconds on one that has not. */
const READY_WITHIN_MS = 180_000;

/**
 * Starts the platform as `npm start` or `npm run start:cluster` does, and waits until it says that it is ready. `onSpawn` is told how
 * to stop it as soon as there is something to stop; `probe` is a module that is loaded before it, and speaks with whoever started it.
 */
export async function startPlatform({ plan, home, environment, onSpawn, probe }) {
  const programs = join(ROOT, 'apps', 'standalone', 'dist');
  const program = join(programs, plan.mode === 'cluster' ? 'cluster.js' : 'main.js');
  const replicas = plan.mode === 'cluster' ? ['--replicas', 'orchestrator=2,sandbox=2'] : [];
  const before = [...(probe ? [probe] : []), join(programs, 'source-maps.js')].flatMap(module => ['--import', module]);
  const child = spawn(process.execPath, [...before, program, ...replicas], {
    cwd: home,
    env: {
      PATH: process.env.PATH,
      ...(process.env.NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
      HOME: process.env.HOME,
      RUNLEDGER_HOME: home,
      RUNLEDGER_SAMPLE: 'off',
      RUNLEDGER_ALLOW_PROCESS_ISOLATION: 'yes',
      SANDBOX_MOUNT_SOURCES: home,
      PORT: '0',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit', ...(probe ? ['ipc'] : [])],
  });
  const ended = new Promise(resolve => child.once('close', resolve));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
  onSpawn(stop);
  try {
    const text = await readyText(child, ended);
    const found = pattern => pattern.exec(text)?.[1];
    return {
      url: found(/Console {4}(\S+)\/#token=/),
      token: found(/Token {6}(\S+)/),
      log: found(/Event log {2}(.+)/) ?? plan.mode,
      process: child,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readyText(child, ended) {
  return new Promise((resolve, reject) => {
    let output = '';
    const giveUp = why => reject(new Error(`The platform ${why}. It printed:\n${output}`));
    const timer = setTimeout(() => giveUp(`was not ready after ${READY_WITHIN_MS} ms`), READY_WITHIN_MS);
    child.stdout.on('data', chunk => {
      output += chunk;
      if (!/Runledger is ready[^]*Ctrl-C/.test(output)) return;
      clearTimeout(timer);
      resolve(output);
    });
    void ended.then(code => {
      clearTimeout(timer);
      giveUp(`ended with ${code}`);
    });
  });
}
