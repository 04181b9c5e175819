import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/**
 * Compiles a project of this workspace (`libs/timers`) and what it imports, for programs that a spec starts. Where all specs run,
 * everything was compiled before them: to find that out again takes a fifth of a second each time.
 */
export function compileProject(project: string): void {
  if (process.env['RUNLEDGER_TEST_IS_COMPILED'] === 'yes') return;
  const { status, stderr } = spawnSync(process.execPath, ['scripts/compile.mjs', project], { cwd: ROOT });
  if (status !== 0) throw new Error(String(stderr));
}

export interface ModuleProcessSettings {
  /** For messages. */
  readonly name: string;
  /** Whose compiled packages the module can import. */
  readonly project: string;
  /** Its text; it prints something when it is ready. */
  readonly source: string;
}

/** A module in a process of its own, to be killed, to be stopped and to stand still. */
export class ModuleProcess {
  readonly #gone: Promise<unknown>;

  private constructor(private readonly child: ReturnType<typeof spawn>) {
    this.#gone = once(child, 'exit');
  }

  static async start({ name, project, source }: ModuleProcessSettings): Promise<ModuleProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      cwd: join(ROOT, project),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    });
    const running = new ModuleProcess(child);
    const ended = running.#gone.then(() => Promise.reject(new Error(`${name} ended before it was ready.`)));
    await Promise.race([once(child.stdout, 'data'), ended]);
    ended.catch(() => undefined); // after its start it is for the spec to say how it ends
    return running;
  }

  /** Answers its exit code; null when the signal ended it. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill(signal);
      await this.#gone;
    }
    return this.child.exitCode;
  }

  /** Stops it where it stands, as a machine does that is out of breath. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }
}
