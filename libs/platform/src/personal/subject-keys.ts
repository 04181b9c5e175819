import { randomBytes } from 'node:crypto';
import type { Queryable } from '@runledger/event-store';

/** A key that was read counts for so long: then another process may have destroyed it. */
export const KEY_COUNTS_MS = 5_000;
const KEY_BYTES = 32;

/** A person whose data is in events: a member of a workspace. */
export interface Subject {
  readonly workspaceId: string;
  /** `mem_…` */
  readonly subject: string;
}

/**
 * The keys under which personal fields are sealed. A destroyed key never comes back, and its subject never gets another: what is
 * written about them later is erased at once.
 */
export class SubjectKeys {
  readonly #known = new Map<string, { readonly key: Buffer | undefined; readonly until: number }>();

  /** `database`: of the event store's tables. */
  constructor(private readonly database: Queryable) {}

  /** The subject's key, made on first use; undefined when it was destroyed. */
  async keyFor(subject: Subject): Promise<Buffer | undefined> {
    const known = this.#fresh(subject);
    if (known) return known.key;
    await this.database.query(
      'insert into runledger.subject_key (workspace, subject, key) values ($1, $2, $3) on conflict do nothing',
      [subject.workspaceId, subject.subject, randomBytes(KEY_BYTES)],
    );
    return this.keyOf(subject);
  }

  /** Undefined when it was destroyed, or never was. */
  async keyOf(subject: Subject): Promise<Buffer | undefined> {
    const known = this.#fresh(subject);
    if (known) return known.key;
    const { rows } = await this.database.query(
      'select key from runledger.subject_key where workspace = $1 and subject = $2',
      [subject.workspaceId, subject.subject],
    );
    const stored = rows[0]?.['key'];
    const key = Buffer.isBuffer(stored) ? stored : undefined;
    this.#known.set(nameOf(subject), { key, until: performance.now() + KEY_COUNTS_MS });
    if (this.#known.size > 10_000) this.#known.clear();
    return key;
  }

  /** Whether there is or was one: something personal has been written about the subject, or it was erased. */
  async has({ workspaceId, subject }: Subject): Promise<boolean> {
    const { rows } = await this.database.query(
      'select 1 from runledger.subject_key where workspace = $1 and subject = $2',
      [workspaceId, subject],
    );
    return rows.length > 0;
  }

  /**
   * Destroys the subject's key. Answers whether there was one. Other processes know of it within {@link KEY_COUNTS_MS}; rows that were made
   * before must be made anew.
   */
  async destroy(subject: Subject): Promise<boolean> {
    this.#known.delete(nameOf(subject));
    const values = [subject.workspaceId, subject.subject];
    const { rows } = await this.database.query(
      `update runledger.subject_key set key = null, erased_at = now()
        where workspace = $1 and subject = $2 and key is not null returning subject`,
      values,
    );
    // Who has none yet never gets one.
    await this.database.query(
      `insert into runledger.subject_key as k (workspace, subject, key, erased_at) values ($1, $2, null, now())
       on conflict (workspace, subject) do update set key = null, erased_at = coalesce(k.erased_at, now())`,
      values,
    );
    return rows.length > 0;
  }

  #fresh(subject: Subject) {
    const known = this.#known.get(nameOf(subject));
    return known && known.until > performance.now() ? known : undefined;
  }
}

function nameOf({ workspaceId, subject }: Subject): string {
  return `${workspaceId}/${subject}`;
}
