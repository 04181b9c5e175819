import type { ConsumerVersion, PartitionLease } from '@runledger/event-store';

/** A consumer that works on the partitions which this process has of it. Its calls come one after the other. */
export interface Claimant extends ConsumerVersion {
  /** Into how many parts its checkpoints are split; default `PARTITIONS`. 1: one process has everything, in the order of the log. */
  readonly parts?: number;
  /** Partitions to begin with, each behind the position where it stands. */
  granted(leases: readonly PartitionLease[], seat: Seat): void;
  /**
   * Partitions that are another's now: no reaction may begin for them any more, and no write would be taken. `forGood`: this
   * process gets none of them back (`sole`).
   */
  lost(partitions: readonly number[], forGood: boolean): void;
  /** Resolves when nothing is under way for these partitions and their checkpoints are written: then others get them. */
  handOver(partitions: readonly number[]): Promise<void>;
  /** Its partitions, each at the checkpoint to which it was moved here last. Left out: what is forgotten does no harm. */
  moved?(): readonly PartitionLease[];
  /**
   * A database that died has forgotten moves, and whatever was written in the same transactions: these stand farther back than
   * they were moved. Nothing else may ever tell: the log can be silent for hours.
   */
  forgotten?(leases: readonly PartitionLease[], seat: Seat): void;
}

/** A consumer's place among the processes that share its partitions. */
export interface Seat {
  /** True while work may begin on partitions that were granted and not lost. Cheap: ask before each piece of work. */
  readonly valid: boolean;
  /** Resolves when `valid`, after what was lost meanwhile has been told, or when the signal aborts. */
  whenValid(signal: AbortSignal): Promise<void>;
  /** A write was refused (`FENCED`): finds out at once what is lost, instead of at the next heartbeat. */
  doubt(): void;
  /** Gives up the place; partitions that are still held are free for others. Never throws. */
  leave(): Promise<void>;
}
