import { runOut } from '../forking/commands.js';
import type { Forks } from '../forking/forks.js';

const LOOK_EVERY_MS = 1_000;
/** While there is too much, whoever makes it more is to be stopped soon. */
const LOOK_AGAIN_MS = 100;
/** A look may take this share of the time at most. */
const LOOK_SHARE = 1 / 10;
/** What a file takes at least, also one without content: names and inodes run out, too. */
const LEAST_FILE_BYTES = 4_096;
/** So often may there be more although there was too much already; then nothing runs there any more. */
const MOST_BREACHES = 10;

/**
 * What the files of one sandbox take on disk, through all of its calls: many that are too short to be looked at must not come to more than
 * a long one. Whoever is over the limit may still take files away.
 */
export class DiskUse {
  #bytes = 0;
  #nextLookAt = performance.now() + LOOK_EVERY_MS;
  #breaches = 0;
  #looking: Promise<boolean> | undefined;

  constructor(
    private readonly forks: Forks,
    private readonly directories: readonly string[],
    private readonly limitBytes: number,
  ) {}

  get isOver(): boolean {
    return this.#bytes > this.limitBytes;
  }

  /** No call is to be begun. */
  get isLost(): boolean {
    return this.#breaches >= MOST_BREACHES;
  }

  get isDue(): boolean {
    return this.directories.length > 0 && performance.now() >= this.#nextLookAt;
  }

  /** Whether there is too much, and more than there was. */
  look(): Promise<boolean> {
    this.#looking ??= this.#lookNow().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookNow(): Promise<boolean> {
    const [before, began] = [this.#bytes, performance.now()];
    this.#bytes = await diskBytes(this.forks, this.directories);
    const [isMore, now] = [this.isOver && this.#bytes > before, performance.now()];
    if (isMore) this.#breaches += 1;
    else if (!this.isOver) this.#breaches = 0;
    this.#nextLookAt = now + Math.max(this.isOver ? LOOK_AGAIN_MS : LOOK_EVERY_MS, (now - began) / LOOK_SHARE);
    return isMore;
  }
}

/** Space taken on disk, links not followed. Files that vanish while `du` looks make it fail; its sums are right all the same. */
async function diskBytes(forks: Forks, directories: readonly string[]): Promise<number> {
  const sumOf = async (...options: readonly string[]): Promise<number> =>
    sum((await runOut(forks, 'du', [...options, '--', ...directories])).stdout);
  const [blocks, files] = await Promise.all([sumOf('-skx'), sumOf('-sx', '--inodes')]);
  return Math.max(blocks * 1_024, files * LEAST_FILE_BYTES);
}

function sum(lines: string): number {
  return lines
    .split('\n')
    .filter(Boolean)
    .reduce((total, line) => total + Number.parseInt(line, 10), 0);
}
