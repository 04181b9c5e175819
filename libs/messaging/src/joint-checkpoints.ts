import type { PartitionLease, PartitionMove, Partitions } from '@runledger/event-store';
import { isFenced } from './fencing.js';

/** How long a write waits for those of the other reactors. */
const COLLECT_MS = 5;

interface Writer {
  readonly moves: readonly PartitionMove[];
  readonly resolve: (leases: PartitionLease[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets the reactors of one process write their checkpoints in one statement: each such write is a commit, and a dozen reactors
 * would make a dozen of them, many times a second. Each hears of its own partitions only: when somebody's are fenced nothing has
 * moved, and then each is written alone.
 */
export class JointCheckpoints implements Pick<Partitions, 'advance' | 'read'> {
  #waiting: Writer[] = [];

  constructor(private readonly partitions: Partitions) {}

  advance(moves: readonly PartitionMove[]): Promise<PartitionLease[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setTimeout(() => void this.#write(), COLLECT_MS);
      this.#waiting.push({ moves, resolve, reject });
    });
  }

  read(...of: Parameters<Partitions['read']>): ReturnType<Partitions['read']> {
    return this.partitions.read(...of);
  }

  async #write(): Promise<void> {
    const writers = this.#waiting;
    this.#waiting = [];
    try {
      const leases = await this.partitions.advance(writers.flatMap(({ moves }) => moves));
      let next = 0;
      for (const { moves, resolve } of writers) resolve(leases.slice(next, (next += moves.length)));
    } catch (error) {
      if (writers.length > 1 && isFenced(error)) await Promise.all(writers.map(writer => this.#writeAlone(writer)));
      else for (const { reject } of writers) reject(error);
    }
  }

  async #writeAlone({ moves, resolve, reject }: Writer): Promise<void> {
    try {
      resolve(await this.partitions.advance(moves));
    } catch (error) {
      reject(error);
    }
  }
}
