import type { Recorded } from '@runledger/projections';
import type { EntityManager } from 'typeorm';
import { keyIn } from '../reads/row-key.js';
import { becameOf, calledWith, calledEvents, type CalledEvent } from './called-texts.js';
import type { SearchedEvent, SearchedText } from './searched-texts.js';

const TYPES: ReadonlySet<string> = new Set(calledEvents.map(event => event.type));
const RUN_ENDS: ReadonlySet<string> = new Set(['RunCompleted', 'RunFailed', 'RunRejected', 'RunCancelled']);

const KEEP = `
  INSERT INTO search_calls (run_key, step, attempt)
  SELECT run_key, step, attempt FROM json_to_recordset($1::json) AS r (run_key text, step text, attempt int)`;

type Stored = Recorded<CalledEvent>;

export function isOfCalls(event: Recorded<SearchedEvent | CalledEvent>): event is Stored {
  return TYPES.has(event.type);
}

/**
 * The functions that some runs are calling, by step. What a run says of a step is what became of a function only where one was called:
 * everywhere else it repeats what the attempt has said.
 */
export class Calls {
  readonly #changed = new Set<string>();

  private constructor(
    /** Of each run the attempt that is called for, by step. */
    private readonly runs: Map<string, Map<string, number>>,
    private readonly stored: ReadonlySet<string>,
  ) {}

  static async load(events: readonly Stored[], rows: EntityManager): Promise<Calls> {
    const keys = [...new Set(events.map(runKeyOf))];
    const found =
      keys.length === 0
        ? []
        : await rows.query<{ run_key: string; step: string; attempt: number }[]>(
            'SELECT run_key, step, attempt FROM search_calls WHERE run_key = ANY ($1::text[])',
            [keys],
          );
    const runs = new Map(keys.map(key => [key, new Map<string, number>()]));
    for (const { run_key: key, step, attempt } of found) runs.get(key)?.set(step, attempt);
    return new Calls(runs, new Set(found.map(({ run_key: key }) => key)));
  }

  /** What the event says that can be looked for. */
  take(event: Stored): SearchedText | undefined {
    const calls = this.runs.get(runKeyOf(event));
    if (!calls) return undefined;
    if (event.type === 'StepReady') return this.#begun(event, calls);
    if (RUN_ENDS.has(event.type)) {
      if (calls.size > 0) this.#changed.add(runKeyOf(event));
      calls.clear();
      return undefined;
    }
    const text = becameOf(event);
    if (text?.step === undefined || calls.get(text.step) !== text.attempt) return undefined;
    calls.delete(text.step);
    this.#changed.add(runKeyOf(event));
    return text;
  }

  #begun(event: Extract<Stored, { type: 'StepReady' }>, calls: Map<string, number>): SearchedText | undefined {
    const { step, attempt } = event.data;
    const text = calledWith(event.data);
    if (text) calls.set(step, attempt);
    if (text || calls.delete(step)) this.#changed.add(runKeyOf(event));
    return text;
  }

  /** Mostly a call has ended with the batch that it began in, and nothing is written. */
  async save(rows: EntityManager): Promise<void> {
    const stale = [...this.#changed].filter(key => this.stored.has(key));
    if (stale.length > 0) await rows.query('DELETE FROM search_calls WHERE run_key = ANY ($1::text[])', [stale]);
    const records = [...this.#changed].flatMap(key =>
      [...(this.runs.get(key) ?? [])].map(([step, attempt]) => ({ run_key: key, step, attempt })),
    );
    if (records.length > 0) await rows.query(KEEP, [JSON.stringify(records)]);
  }
}

function runKeyOf({ tenant, metadata }: Stored): string {
  return keyIn(tenant, metadata.correlationId);
}
