/**
 * Runs one program and never outlives its parent: when the parent goes, however it goes, its end of our standard input closes,
 * and the program is ended.
 *
 *   node guard.mjs <program> [<argument> …]
 */
import { spawn } from 'node:child_process';

const PATIENCE_MS = 10_000;
const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });

const end = () => {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS).unref();
};
process.stdin.on('end', end).on('error', end).resume();
// A terminal interrupts the whole group; who started us decides when the program ends.
for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
process.on('SIGTERM', end);
child.on('error', error => {
  console.error(error.message);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
