import { SandboxStalledError } from '../driver/sandbox-faults.js';
import type { Forks, Ran } from './forks.js';

/** Runs a program for the service itself, however it ends. Throws {@link SandboxStalledError} when it does not end in time (R4). */
export async function runOut(forks: Forks, program: string, argv: readonly string[]): Promise<Ran> {
  try {
    return await forks.run(program, argv);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'ETIMEDOUT' ? new SandboxStalledError(message) : error;
  }
}

/** Runs a program that is to succeed, like {@link runOut}; throws what it complained of. */
export async function runWell(forks: Forks, program: string, argv: readonly string[]): Promise<void> {
  const { code, stderr } = await runOut(forks, program, argv);
  if (code !== 0) throw new Error(`${program} ended with ${code ?? 'a signal'}: ${stderr.trim()}`);
}
