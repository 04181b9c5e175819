import { execFile, spawn, type ChildProcess, type ExecFileException, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { LONGEST_RUN_MS } from './forks.js';
import type { Descriptor, Forked, ForkOrder, Forks, Ran } from './forks.js';

const CLOSE_ON_EXEC = 0o2000000;

/** Starts processes as children of this one. What that costs goes with the memory that this process has. */
export const forkHere: Forks = {
  start: (order, input) => new ForkedHere(order, input),
  run: runHere,
};

class ForkedHere implements Forked {
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #order: ForkOrder;

  constructor(order: ForkOrder, input: Readable | undefined) {
    this.#order = order;
    this.#child = spawned(order);
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', reject);
    });
    for (const stream of this.#held()) stream.on('error', () => undefined); // it broke because the process is gone: `exited` tells
    this.#feed(input);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  letGo(): void {
    for (const stream of this.#held()) stream.destroy();
  }

  #held() {
    // Without a free descriptor there is no process and no stdio at all.
    const stdio = (this.#child.stdio as ChildProcess['stdio'] | undefined) ?? [];
    return this.#order.descriptors.flatMap((descriptor, index) => {
      const stream = descriptor === 'held' ? stdio[index] : undefined;
      return stream ? [stream] : [];
    });
  }

  #feed(input: Readable | undefined): void {
    const { stdin } = this.#child;
    if (!input || !stdin) return;
    stdin.on('error', () => input.unpipe(stdin)); // whoever was to read it is gone: `exited` tells
    input.pipe(stdin);
  }
}

function spawned({ program, argv, env, cwd, descriptors }: ForkOrder): ChildProcess {
  const opened: number[] = [];
  const keep = (descriptor: number): number => {
    opened.push(descriptor);
    return descriptor;
  };
  try {
    const stdio = descriptors.map(descriptor => leadTo(descriptor, keep));
    return spawn(program, argv, {
      env,
      cwd,
      detached: true,
      stdio: [...stdio, ...covers(stdio.length, keep)] as StdioOptions,
    });
  } finally {
    opened.forEach(closeSync);
  }
}

function leadTo(descriptor: Descriptor, keep: (opened: number) => number): number | 'ignore' | 'pipe' {
  if (descriptor === 'ignore') return 'ignore';
  if (descriptor === 'fed' || descriptor === 'held') return 'pipe';
  if ('open' in descriptor) return keep(openSync(descriptor.open, descriptor.flags, 0o600));
  writeFileSync(descriptor.hidden, descriptor.content, { mode: 0o600 });
  const opened = keep(openSync(descriptor.hidden, 'r'));
  unlinkSync(descriptor.hidden);
  return opened;
}

/**
 * Descriptors that this process inherited without close-on-exec would leak into what it starts: another takes their place, that of
 * /dev/null. `ignore` would leave them as they are. Node opens none such itself, so looking once is enough.
 */
function covers(count: number, keep: (opened: number) => number): (number | 'ignore')[] {
  leaks ??= readdirSync('/proc/self/fd').map(Number).filter(isInheritable);
  const uncovered = leaks.filter(descriptor => descriptor >= count);
  if (uncovered.length === 0) return [];
  const nothing = keep(openSync('/dev/null', 'r+'));
  const places = Array.from({ length: Math.max(...uncovered) + 1 - count }, (_, index) => count + index);
  return places.map(place => (uncovered.includes(place) ? nothing : 'ignore'));
}

let leaks: readonly number[] | undefined;

function isInheritable(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // closed since it was listed
  }
}

function runHere(program: string, argv: readonly string[], limitMs = LONGEST_RUN_MS): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, argv, (error: ExecFileException | null, stdout, stderr) => {
      clearTimeout(timer);
      const code = error ? error.code : 0;
      if (typeof code === 'string') reject(error ?? new Error(code));
      else resolve({ code: code ?? null, stdout, stderr });
    });
    const timer = setTimeout(() => {
      giveUp(child);
      reject(Object.assign(new Error(`${program} did not end within ${limitMs} ms`), { code: 'ETIMEDOUT' }));
    }, limitMs);
  });
}

/** Not waited for: one that waits for a disk in the kernel dies when that answers. */
function giveUp(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}
