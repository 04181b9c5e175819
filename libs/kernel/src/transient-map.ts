/**
 * For entries that come and go without end: what was deleted does not outlive its time.
 *
 * A plain `Map` moves to another table whenever deleted entries have filled its own. Once the collector has moved that table to the old
 * generation, V8 makes all its successors there, too (`OrderedHashTable::Rehash`), and each one that is left behind keeps alive what was
 * in it, until the old generation is collected. So whatever was in the map for a moment is copied to the old generation, and young
 * collections take two to three times as long. Here the entries move to a new `Map` now and then, which begins in the young generation.
 */
const ADDED_BEFORE_RENEWAL = 256;

/** A `Map` for entries that are there for a moment. Nothing may be added while it is iterated. */
export class TransientMap<Key, Value> {
  #entries = new Map<Key, Value>();
  #added = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  set(key: Key, value: Value): void {
    this.#added += 1;
    if (isDue(this.#added, this.#entries.size)) {
      this.#entries = new Map(this.#entries);
      this.#added = 0;
    }
    this.#entries.set(key, value);
  }

  delete(key: Key): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries = new Map();
    this.#added = 0;
  }

  keys(): MapIterator<Key> {
    return this.#entries.keys();
  }

  values(): MapIterator<Value> {
    return this.#entries.values();
  }
}

/** A `Set` for what is in it for a moment. Nothing may be added while it is iterated. */
export class TransientSet<Value> {
  #values = new Set<Value>();
  #added = 0;

  get size(): number {
    return this.#values.size;
  }

  add(value: Value): void {
    this.#added += 1;
    if (isDue(this.#added, this.#values.size)) {
      this.#values = new Set(this.#values);
      this.#added = 0;
    }
    this.#values.add(value);
  }

  delete(value: Value): boolean {
    return this.#values.delete(value);
  }

  [Symbol.iterator](): SetIterator<Value> {
    return this.#values[Symbol.iterator]();
  }
}

/** Moving costs as much as so many entries do, so it waits for twice as many: then adding one costs the same however many there are. */
function isDue(added: number, size: number): boolean {
  return added > ADDED_BEFORE_RENEWAL && added > 2 * size;
}
