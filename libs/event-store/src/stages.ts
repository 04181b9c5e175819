import { channel } from 'node:diagnostics_channel';
import type { RecordedEvent } from './port.js';

/** Where events come to on their way from an append to a reader, in this order; not every way has all of them. */
export type Stage =
  /** The end of the log in this process: what follows the log gets them from here. */
  | 'in the log'
  /** All in-sync brokers have them. */
  | 'relayed'
  /** They came from the topic, and nothing is missing before them. */
  | 'off the topic';

/** What is told on {@link STAGES} of events that came to a stage just now. */
export interface Staged {
  readonly stage: Stage;
  readonly events: readonly RecordedEvent[];
}

/** Name of the diagnostics channel. */
const STAGES = 'runledger:stages';

const stages = channel(STAGES);

/** Tells whoever measures this process from outside; nobody does as a rule, and then it costs nothing. */
export function arrived(stage: Stage, events: readonly RecordedEvent[]): void {
  if (stages.hasSubscribers) stages.publish({ stage, events } satisfies Staged);
}
