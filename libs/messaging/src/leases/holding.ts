import { pause } from '@runledger/event-store';
import type { PartitionLease, Standing } from '@runledger/event-store';
import type { ConsumerLog } from '../consumer-log.js';
import type { Claimant, Seat } from './claimant.js';

const LEFT_PAUSE_MS = 1_000;

interface HoldingParts {
  readonly sharing: 'sole' | 'shared';
  readonly log: ConsumerLog;
  readonly isValid: () => boolean;
  readonly whenValid: (signal: AbortSignal) => Promise<void>;
  /** A heartbeat is wanted now. */
  readonly hurry: () => void;
  readonly leave: () => Promise<void>;
}

/** What this process has of one consumer, as the last heartbeat found it. */
export class Holding implements Seat {
  #held = new Map<number, PartitionLease>();
  readonly #leaving = new Set<number>();
  #givenUp: PartitionLease[] = [];
  /** What it had alone when this process was found dead, and has not got back. */
  readonly #buried = new Map<number, PartitionLease>();
  #confirmed = false;
  /** Its checkpoints exist and fit the log. */
  prepared = false;
  left = false;

  constructor(
    readonly claimant: Claimant,
    private readonly parts: HoldingParts,
  ) {}

  get valid(): boolean {
    return !this.left && this.parts.isValid();
  }

  /** Everything is to be taken at once, whoever has it. */
  get seizing(): boolean {
    return this.parts.sharing === 'sole' && !this.#confirmed;
  }

  /** To be set free before the next heartbeat. */
  get givenUp(): readonly PartitionLease[] {
    return this.#givenUp;
  }

  whenValid(signal: AbortSignal): Promise<void> {
    // It never is again; whoever still waits is told so by the signal.
    return this.left ? pause(LEFT_PAUSE_MS, signal) : this.parts.whenValid(signal);
  }

  doubt(): void {
    this.parts.hurry();
  }

  leave(): Promise<void> {
    if (!this.left) this.#giveUpAll();
    return this.parts.leave();
  }

  setFree(leases: readonly PartitionLease[]): void {
    for (const { partition } of leases) {
      this.#held.delete(partition);
      this.#leaving.delete(partition);
    }
    this.#givenUp = this.#givenUp.filter(lease => !leases.includes(lease));
  }

  /** What a heartbeat has found; `moved`: the checkpoints as they had been moved when it was sent. */
  apply(standing: Standing, moved: readonly PartitionLease[]): void {
    if (this.left) return;
    const { leases, share, members } = standing;
    if (this.#wasTaken(standing)) {
      this.#held = new Map(leases.map(lease => [lease.partition, lease])); // for whoever has the rest
      this.#lose([]);
      return;
    }
    const before = this.#held;
    const now = new Map(leases.map(lease => [lease.partition, lease]));
    const goneFrom = (old: ReadonlyMap<number, PartitionLease>, fresh: ReadonlyMap<number, PartitionLease>) =>
      [...old.values()].filter(({ partition, epoch }) => fresh.get(partition)?.epoch !== epoch);
    const lost = goneFrom(before, now);
    this.#held = now;
    if (lost.length > 0 && !this.#lose(lost)) return;
    const granted = goneFrom(now, before);
    this.#confirmed = true;
    if (granted.length > 0) {
      this.#tell(granted, `partitions were taken; ${members} processes share them`);
      this.claimant.granted(granted, this);
    }
    const forgotten = moved.flatMap(({ partition, epoch, position }) => {
      const found = now.get(partition);
      return found?.epoch === epoch && found.position < position ? [found] : [];
    });
    if (forgotten.length > 0) this.claimant.forgotten?.(forgotten, this);
    if (this.parts.sharing === 'shared') this.#shed(share);
  }

  /**
   * This process was found dead, by whichever other process works on this log: nothing that it had is its own any more. What it
   * had alone nobody need have taken; then it is begun anew.
   */
  loseAll(): void {
    const lost = [...this.#held.values()];
    this.#held = new Map();
    this.#givenUp = [];
    if (this.left || lost.length === 0) return;
    if (this.parts.sharing === 'sole') for (const lease of lost) this.#buried.set(lease.partition, lease);
    this.#forget(lost, false);
  }

  /** Somebody has, or had, what this process had alone: whoever takes a partition raises its epoch (L2). */
  #wasTaken({ leases, members }: Standing): boolean {
    if (this.#buried.size === 0) return false;
    const others = leases.filter(({ partition, epoch }) => {
      const before = this.#buried.get(partition);
      return before !== undefined && epoch !== before.epoch + 1;
    });
    for (const { partition } of leases) this.#buried.delete(partition);
    return members > 1 || others.length > 0;
  }

  /** False when the consumer gets nothing back. */
  #lose(lost: readonly PartitionLease[]): boolean {
    const forGood = this.parts.sharing === 'sole';
    const all = forGood ? [...lost, ...this.#held.values()] : lost;
    if (forGood) this.#giveUpAll();
    this.#givenUp = this.#givenUp.filter(lease => !lost.some(({ partition }) => partition === lease.partition));
    this.#forget(all, forGood);
    return !forGood;
  }

  #forget(lost: readonly PartitionLease[], forGood: boolean): void {
    const partitions = lost.map(({ partition }) => partition);
    for (const partition of partitions) this.#leaving.delete(partition);
    this.#tell(lost, 'partitions were lost to another process');
    this.claimant.lost(partitions, forGood);
  }

  #giveUpAll(): void {
    this.left = true;
    this.#givenUp = [...this.#held.values()];
  }

  /** More than the fair share goes to the others, once nothing is under way for it. */
  #shed(share: number): void {
    const staying = [...this.#held.values()].filter(({ partition }) => !this.#leaving.has(partition));
    const surplus = staying.slice(share);
    if (surplus.length === 0) return;
    for (const { partition } of surplus) this.#leaving.add(partition);
    void this.#handOver(surplus);
  }

  async #handOver(surplus: readonly PartitionLease[]): Promise<void> {
    try {
      await this.claimant.handOver(surplus.map(({ partition }) => partition));
    } catch (error) {
      // Who takes them goes on from the last checkpoint that was written.
      this.parts.log.warn({ consumer: this.claimant.consumer, err: error }, 'partitions were handed over uncleanly');
    }
    if (this.left) return;
    this.#givenUp.push(...surplus.filter(lease => this.#held.get(lease.partition)?.epoch === lease.epoch));
    this.parts.hurry();
  }

  #tell(leases: readonly PartitionLease[], message: string): void {
    const partitions = leases.map(({ partition }) => partition);
    this.parts.log.info({ consumer: this.claimant.consumer, partitions }, message);
  }
}
