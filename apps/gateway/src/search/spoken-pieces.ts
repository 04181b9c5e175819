import type { EntityManager } from 'typeorm';

/** What one event added to an entry, or what was left of it when parts were put down. */
export interface SpokenPiece {
  readonly position: bigint;
  readonly text: string;
}

/** As JSON: agents print NUL, and a part may end within a character, neither of which PostgreSQL's text holds. */
const KEEP = `
  INSERT INTO search_pieces (key, position, text)
  SELECT key, position, text::json FROM json_to_recordset($1::json) AS r (key text, position bigint, text text)
  ON CONFLICT DO NOTHING`;

/** The texts of entries that are being said: pieces are added, and read again only when a text is put down. */
export class SpokenPieces {
  readonly #stored = new Map<string, readonly SpokenPiece[]>();
  readonly #added = new Map<string, SpokenPiece[]>();
  readonly #forgotten = new Set<string>();

  /** Reads what {@link textOf} will be asked for. */
  async load(keys: readonly string[], rows: EntityManager): Promise<void> {
    if (keys.length === 0) return;
    const found = await rows.query<{ key: string; position: string; text: string }[]>(
      'SELECT key, position, text FROM search_pieces WHERE key = ANY ($1::text[]) ORDER BY key, position',
      [keys],
    );
    for (const key of keys) this.#stored.set(key, []);
    for (const { key, position, text } of found) {
      this.#stored.set(key, [...(this.#stored.get(key) ?? []), { position: BigInt(position), text }]);
    }
  }

  add(key: string, piece: SpokenPiece): void {
    const added = this.#added.get(key) ?? [];
    this.#added.set(key, added);
    added.push(piece);
  }

  textOf(key: string): string {
    const pieces = [...(this.#stored.get(key) ?? []), ...(this.#added.get(key) ?? [])];
    return pieces.map(({ text }) => text).join('');
  }

  forget(key: string): void {
    this.#stored.delete(key);
    this.#added.delete(key);
    this.#forgotten.add(key);
  }

  async save(rows: EntityManager): Promise<void> {
    if (this.#forgotten.size > 0) {
      await rows.query('DELETE FROM search_pieces WHERE key = ANY ($1::text[])', [[...this.#forgotten]]);
    }
    const records = [...this.#added].flatMap(([key, pieces]) =>
      pieces.map(({ position, text }) => ({ key, position: String(position), text: JSON.stringify(text) })),
    );
    if (records.length > 0) await rows.query(KEEP, [JSON.stringify(records)]);
  }
}
