import { spawn } from 'node:child_process';
import { join } from 'node:path';

const KEPT_OUTPUT = 8_000;

/**
 * A program that ends with this process at the latest.
 *
 * - `output()`: the last that it wrote.
 * - `ended`: resolves with its exit code.
 * - `stop()`: ends it and waits for that.
 */
export function startGuarded(program, args) {
  const guard = join(import.meta.dirname, 'guard.mjs');
  const child = spawn(process.execPath, [guard, program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  const keep = chunk => (output = (output + chunk).slice(-KEPT_OUTPUT));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.on('error', () => undefined); // it has ended; `ended` says so
  const ended = new Promise(resolve => child.on('close', resolve));
  return {
    ended,
    output: () => output,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
