import { pause } from '@runledger/event-store';
import type { ConsumerLog } from '@runledger/messaging';
import { KEY_COUNTS_MS } from '@runledger/platform';
import type { Subject } from '@runledger/platform';
import type { Pool } from 'pg';
import type { Consumer } from '../consuming/define-consumer.js';
import { statementsIn } from '../consuming/effects.js';
import { HandledEvents } from '../consuming/handled-events.js';

export interface ForgettingParts {
  /** Of the platform: who was erased. */
  readonly platform: Pool;
  /** Of the service: what its consumers know. */
  readonly effects: Pool;
  readonly log: ConsumerLog;
  /** Default 5,000. */
  readonly lookEveryMs?: number;
  /** For so long a process may still read with a key that was destroyed; default as long as keys count, and a second. */
  readonly keyCountsMs?: number;
}

interface Erased {
  readonly workspace: string;
  readonly subject: string;
}

/** Tells consumers about persons whose keys were destroyed: each consumer once about each, after nobody can read them any more. */
export class Forgetting {
  readonly #ending = new AbortController();
  #ended: Promise<void> | undefined;

  constructor(
    private readonly consumers: readonly Consumer[],
    private readonly parts: ForgettingParts,
  ) {}

  start(): void {
    if (this.consumers.some(({ forget }) => forget)) this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }

  /** Looks once. Answers how many were forgotten now. */
  async look(): Promise<number> {
    const { platform, keyCountsMs = KEY_COUNTS_MS + 1_000 } = this.parts;
    const { rows } = await platform.query<Erased>(
      `select workspace, subject from runledger.subject_key
        where erased_at < now() - $1::float8 * interval '1 millisecond' order by erased_at`,
      [keyCountsMs],
    );
    let forgotten = 0;
    for (const consumer of this.consumers) forgotten += await this.#tell(consumer, rows);
    return forgotten;
  }

  async #run(): Promise<void> {
    const { log, lookEveryMs = 5_000 } = this.parts;
    const { signal } = this.#ending;
    for (; !signal.aborted; await pause(lookEveryMs, signal)) {
      try {
        await this.look();
      } catch (error) {
        log.warn({ err: error }, 'who was erased could not be looked up; it is asked again');
      }
    }
  }

  async #tell(consumer: Consumer, erased: readonly Erased[]): Promise<number> {
    const { forget, name } = consumer;
    if (!forget || erased.length === 0) return 0;
    const { effects, log } = this.parts;
    const { rows: known } = await effects.query<Erased>(
      'select workspace, subject from runledger_sdk.forgotten where consumer = $1',
      [name],
    );
    const told = new Set(known.map(keyOf));
    let forgotten = 0;
    for (const person of erased.filter(each => !told.has(keyOf(each)))) {
      const { workspace: workspaceId, subject } = person;
      if (await this.#forgotten({ ...consumer, forget }, { workspaceId, subject })) forgotten += 1;
      log.info({ consumer: name, workspaceId }, 'a person was forgotten');
    }
    return forgotten;
  }

  /** False: another replica was faster. */
  #forgotten(consumer: Consumer & Required<Pick<Consumer, 'forget'>>, person: Subject): Promise<boolean> {
    return new HandledEvents(this.parts.effects, consumer.name).alone(async client => {
      const { rowCount } = await client.query(
        'insert into runledger_sdk.forgotten (consumer, workspace, subject) values ($1, $2, $3) on conflict do nothing',
        [consumer.name, person.workspaceId, person.subject],
      );
      if (rowCount === 0) return false;
      await consumer.forget(statementsIn(client), person);
      return true;
    });
  }
}

function keyOf({ workspace, subject }: Erased): string {
  return `${workspace}/${subject}`;
}
